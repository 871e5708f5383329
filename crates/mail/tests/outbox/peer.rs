//! A mail server whose behaviour is set by the test.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What it does with the mails that come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Takes them.
    Takes,
    /// Does not even greet, until its manner changes.
    Waits,
    /// Refuses them for now, behind the text.
    Later,
    /// Refuses the recipient for good, quoting the address.
    Never,
    /// Breaks the connection when the text is announced.
    BreaksBefore,
    /// Reads the text and breaks the connection instead of answering.
    BreaksBehind,
    /// Reads the text and says nothing, until its manner changes to another one, and then answers by that.
    Hangs,
}

/// The mail server.
pub(crate) struct Peer {
    pub(crate) port: u16,
    manner: watch::Sender<Manner>,
    letters: Arc<Mutex<Vec<String>>>,
    visits: Arc<AtomicUsize>,
}

impl Peer {
    pub(crate) async fn start(manner: Manner) -> Self {
        Self::listen(TcpListener::bind("127.0.0.1:0").await.unwrap(), manner)
    }

    pub(crate) async fn start_at(port: u16, manner: Manner) -> Self {
        Self::listen(TcpListener::bind(("127.0.0.1", port)).await.unwrap(), manner)
    }

    fn listen(listener: TcpListener, manner: Manner) -> Self {
        let port = listener.local_addr().unwrap().port();
        let (manner, watched) = watch::channel(manner);
        let letters = Arc::new(Mutex::new(Vec::new()));
        let all = letters.clone();
        let visits = Arc::new(AtomicUsize::new(0));
        let count = visits.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(converse(stream, watched.clone(), all.clone()));
            }
        });
        Self { port, manner, letters, visits }
    }

    pub(crate) fn now(&self, manner: Manner) {
        self.manner.send_replace(manner);
    }

    /// How many connections there were.
    pub(crate) fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }

    /// Every letter that was read to its end, whatever the answer.
    pub(crate) fn letters(&self) -> Vec<String> {
        self.letters.lock().unwrap().clone()
    }
}

/// A port that nobody listens on.
pub(crate) async fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

async fn converse(stream: TcpStream, mut manner: watch::Receiver<Manner>, letters: Arc<Mutex<Vec<String>>>) {
    let mut stream = BufReader::new(stream);
    manner.wait_for(|now| *now != Manner::Waits).await.unwrap();
    if say(&mut stream, "220 peer.example ESMTP").await.is_none() {
        return;
    }
    let mut recipient = String::new();
    while let Some(line) = read(&mut stream).await {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        let now = *manner.borrow();
        let answer = match (verb.as_str(), now) {
            ("EHLO", _) => "250-peer.example\r\n250 8BITMIME".to_owned(),
            ("RCPT", Manner::Never) => format!("550 5.1.1 {line}: user unknown"),
            ("RCPT", _) => {
                recipient = line;
                "250 fine".to_owned()
            }
            ("DATA", Manner::BreaksBefore) => return,
            ("DATA", _) => {
                say(&mut stream, "354 go on").await;
                let Some(letter) = text(&mut stream).await else { return };
                letters.lock().unwrap().push(letter);
                let after = *manner.wait_for(|now| *now != Manner::Hangs).await.unwrap();
                match after {
                    Manner::BreaksBehind => return,
                    Manner::Later => format!("451 4.3.0 {recipient}: come back"),
                    _ => "250 taken".to_owned(),
                }
            }
            ("QUIT", _) => "221 goodbye".to_owned(),
            _ => "250 fine".to_owned(),
        };
        if say(&mut stream, &answer).await.is_none() || verb == "QUIT" {
            return;
        }
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    (stream.read_line(&mut line).await.ok()? > 0).then(|| line.trim_end().to_owned())
}

/// The text of a mail, up to the line with a dot alone.
async fn text(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut text = String::new();
    loop {
        match read(stream).await?.as_str() {
            "." => return Some(text),
            line => {
                text.push_str(line.strip_prefix('.').unwrap_or(line));
                text.push('\n');
            }
        }
    }
}

async fn say(stream: &mut BufReader<TcpStream>, answer: &str) -> Option<()> {
    stream.get_mut().write_all(format!("{answer}\r\n").as_bytes()).await.ok()
}
