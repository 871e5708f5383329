// A mail server that keeps what it is given, and misbehaves when it is told to.

import { once } from 'node:events';
import { SMTPServer } from 'smtp-server';

export class Inbox {
  #letters = [];
  #keys;
  #options;
  #server;
  #sockets = new Set();
  #manner = { kind: 'takes' };

  /** Opens one on loopback, on a free port unless one is given. */
  static async open(keys, options = {}) {
    const inbox = new Inbox();
    inbox.#keys = keys;
    inbox.#options = options;
    inbox.port = options.port ?? 0;
    await inbox.reopen();
    return inbox;
  }

  async reopen() {
    const { port: _, ...options } = this.#options;
    this.#server = new SMTPServer({
      key: this.#keys.key,
      cert: this.#keys.cert,
      authOptional: false,
      disableReverseLookup: true,
      ...options,
      onAuth: ({ username, password }, _session, done) =>
        username === 'lethe' && password === 's:cret' ? done(null, { user: username }) : done(new Error('no')),
      onRcptTo: (address, _session, done) => done(this.#refusal('recipient', address.address)),
      onData: (stream, session, done) => this.#read(stream, session, done),
    });
    this.#server.server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('error', () => {});
    const listening = this.#server.listen(this.port, '127.0.0.1');
    await once(listening, 'listening');
    this.port = listening.address().port;
  }

  async close() {
    this.#cut();
    await new Promise((closed) => this.#server.close(closed));
  }

  /** Takes what comes. Whoever waits for an answer gets it. */
  takes() {
    this.#manner.release?.();
    this.#manner = { kind: 'takes' };
  }

  /** Refuses the recipient or the text with a code, so often. */
  refuses(what, code, times) {
    this.#manner = { kind: what, code, times };
  }

  /** Reads the text and breaks the connection instead of answering, so often. */
  breaks(times) {
    this.#manner = { kind: 'breaks', times };
  }

  /** Reads the text and does not answer; resolves once one was read. */
  hangs() {
    return new Promise((reached) => {
      this.#manner = { kind: 'hangs', reached };
    });
  }

  /** The letters of a mail, in the order in which they came. */
  letters(id) {
    return this.#letters.filter(({ text }) => text.includes(`Message-ID: <${id}@`));
  }

  #cut() {
    for (const socket of this.#sockets) socket.destroy();
  }

  #refusal(what, address) {
    if (this.#manner.kind !== what || this.#manner.times-- <= 0) return null;
    // As many mail servers do, it quotes whom it refuses.
    return Object.assign(new Error(`${address}: user unknown`), { responseCode: this.#manner.code });
  }

  async #read(stream, session, done) {
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    const { mailFrom, rcptTo } = session.envelope;
    const to = rcptTo.map(({ address }) => address);
    const text = Buffer.concat(chunks).toString();
    this.#letters.push({ secure: session.secure, user: session.user, from: mailFrom.address, to, text });
    if (this.#manner.kind === 'breaks' && this.#manner.times-- > 0) return this.#cut();
    if (this.#manner.kind === 'hangs') {
      const { reached } = this.#manner;
      await new Promise((release) => {
        this.#manner.release = release;
        reached();
      });
    }
    return done(this.#refusal('text', to[0]));
  }
}
