// Mails through a mail server that others have written: smtp-server, over TLS and with a login.

import assert from 'node:assert/strict';
import test, { after, before, beforeEach } from 'node:test';
import { Lethe, authority } from './mail/lethe.js';
import { Inbox } from './mail/inbox.js';

let keys;
let inbox;
let lethe;

before(async () => {
  keys = authority();
  inbox = await Inbox.open(keys);
  lethe = new Lethe({
    LETHE_SMTP_URL: `smtp://lethe:s%3Acret@127.0.0.1:${inbox.port}?tls=required&ca=${keys.ca}`,
    LETHE_MAIL_FROM: 'Erhvervshus Nord <lethe@nord.example>',
    LETHE_MAIL_RETRY_SECONDS: '1',
    LETHE_MAIL_TIMEOUT_SECONDS: '5',
  });
  await lethe.start();
});

after(async () => {
  await lethe?.remove();
  await inbox?.close();
});

beforeEach(() => inbox.takes());

test('a mail arrives encrypted, behind a login, and says who it is', async () => {
  const id = lethe.queue('anna@example.org', 'Hej Åse.\n.\nDet virker.');
  const mail = await lethe.reaches(id, 'SENT');
  assert.equal(mail.attempts, 1);
  assert.equal(mail.code, 250);
  const [letter] = inbox.letters(id);
  assert.equal(letter.secure, true);
  assert.equal(letter.user, 'lethe');
  assert.equal(letter.from, 'lethe@nord.example');
  assert.deepEqual(letter.to, ['anna@example.org']);
  assert.match(letter.text, /^Subject: A test: mails of Lethe arrive\r$/m);
  assert.match(letter.text, /\r\nHej =C3=85se\.\r\n\.\r\nDet virker\./);
});

test('a mailbox that is not ASCII arrives where SMTPUTF8 is offered', async () => {
  const id = lethe.queue('Åse@ærø.example', 'Hej');
  await lethe.reaches(id, 'SENT');
  const [letter] = inbox.letters(id);
  assert.deepEqual(letter.to, ['Åse@ærø.example']);
  assert.match(letter.text, /^To: Åse@xn--r-3fa9c\.example\r$/m);
});

test('what is refused for now is sent later, as the same mail', async () => {
  inbox.refuses('text', 451, 1);
  const id = lethe.queue('later@example.org', 'Hej');
  const mail = await lethe.reaches(id, 'SENT');
  assert.equal(mail.attempts, 2);
  assert.equal(mail.in_doubt, false);
  const [first, second] = inbox.letters(id);
  assert.equal(first.text, second.text);
});

test('what is refused for good is not tried again', async () => {
  inbox.refuses('recipient', 550, 1);
  const id = lethe.queue('never@example.org', 'Hej');
  const mail = await lethe.reaches(id, 'FAILED');
  assert.deepEqual([mail.attempts, mail.reason, mail.code], [1, 'REFUSED', 550]);
  assert.deepEqual(inbox.letters(id), []);
});

test('a connection that breaks behind the text leaves a doubt, and the mail is sent again as the same', async () => {
  inbox.breaks(1);
  const id = lethe.queue('broken@example.org', 'Hej');
  const mail = await lethe.reaches(id, 'SENT');
  assert.deepEqual([mail.attempts, mail.in_doubt], [2, true]);
  const [first, second] = inbox.letters(id);
  assert.equal(first.text, second.text);
});

test('a mail server that is away is waited for', async () => {
  await inbox.close();
  const id = lethe.queue('away@example.org', 'Hej');
  await lethe.says('cannot be used');
  assert.deepEqual([lethe.mail(id).status, lethe.mail(id).attempts], ['QUEUED', 0]);
  await inbox.reopen();
  assert.equal((await lethe.reaches(id, 'SENT')).attempts, 1);
});

test('a server that is killed while it sends leaves a doubt, and the next one sends the same mail', async () => {
  const reached = inbox.hangs();
  const id = lethe.queue('killed@example.org', 'Hej');
  await reached;
  await lethe.kill();
  inbox.takes();
  await lethe.start();
  const mail = await lethe.reaches(id, 'SENT');
  assert.deepEqual([mail.attempts, mail.in_doubt], [2, true]);
  const [first, second] = inbox.letters(id);
  assert.equal(first.text, second.text);
});

test('nothing leaves in clear: a mail server without STARTTLS gets nothing', async () => {
  await inbox.close();
  const bare = await Inbox.open(keys, { port: inbox.port, hideSTARTTLS: true });
  const id = lethe.queue('clear@example.org', 'Hej');
  await lethe.says('offers no STARTTLS');
  assert.equal(lethe.mail(id).attempts, 0);
  assert.deepEqual(bare.letters(id), []);
  await bare.close();
  await inbox.reopen();
  await lethe.reaches(id, 'SENT');
});

test('a certificate that nobody known has signed is not trusted', async () => {
  await inbox.close();
  const stranger = await Inbox.open(authority(), { port: inbox.port });
  const id = lethe.queue('stranger@example.org', 'Hej');
  await lethe.says('is not trusted');
  assert.equal(lethe.mail(id).attempts, 0);
  assert.deepEqual(stranger.letters(id), []);
  await stranger.close();
  await inbox.reopen();
  await lethe.reaches(id, 'SENT');
});

test('neither log nor files hold an address, a text or the password', async () => {
  const found = lethe.search(['anna@example', 'later@example', 'broken@example', 'Det virker', 's:cret', 's%3Acret', 'user unknown']);
  assert.deepEqual(found, []);
  assert.notDeepEqual(lethe.search(['mail.queued']), [], 'the search finds nothing at all');
});
