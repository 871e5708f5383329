// A server of its own, with settings of its own, and the command line beside it.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const PATIENCE = 60_000;

/** An authority, and a key and a certificate that it has signed for 127.0.0.1. */
export function authority() {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-authority-'));
  const at = (name) => join(folder, name);
  const openssl = (...all) => execFileSync('openssl', all, { stdio: ['ignore', 'ignore', 'pipe'] });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', at('ca.key'), '-out', at('ca.pem'), '-days', '2', '-subj', '/CN=tests');
  openssl('req', ...key, '-keyout', at('key.pem'), '-out', at('request.pem'), '-subj', '/CN=127.0.0.1');
  writeFileSync(at('extensions'), 'subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n');
  const signed = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-extfile', at('extensions')];
  openssl('x509', '-req', '-in', at('request.pem'), ...signed, '-out', at('cert.pem'), '-days', '2');
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return { ca: at('ca.pem'), key: readFileSync(at('key.pem')), cert: readFileSync(at('cert.pem')) };
}

export class Lethe {
  #folder = mkdtempSync(join(tmpdir(), 'lethe-mail-'));
  #binary = process.env.LETHE_BINARY;
  #environment;
  #child;
  #read = 0;

  constructor(settings) {
    if (!this.#binary) throw new Error('LETHE_BINARY is not set. Start the tests with tests/clients/run.');
    // PostgreSQL's own user passes through when this runs as root.
    chmodSync(this.#folder, 0o755);
    const { PATH, HOME } = process.env;
    this.#environment = { PATH, HOME, LETHE_VAULT_BUCKETS: '256', LETHE_LOG: 'debug', ...settings };
  }

  async start() {
    const port = await freePort();
    const log = openSync(join(this.#folder, 'log'), 'a');
    const options = { env: this.#environment, stdio: ['ignore', 'ignore', log] };
    this.#child = spawn(this.#binary, [...this.#data(), 'serve', '--listen', `127.0.0.1:${port}`], options);
    await until(
      () => fetch(`http://127.0.0.1:${port}/readyz`).then(({ ok }) => ok, () => false),
      () => `the server does not start: ${this.#log()}`,
    );
  }

  async kill() {
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }

  async remove() {
    this.#child.kill('SIGTERM');
    await once(this.#child, 'exit');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Queues a mail; answers its id. */
  queue(address, text) {
    return this.#run('mail', 'test', address, '--text', text).trim();
  }

  /** How a mail stands now. */
  mail(id) {
    const lines = this.#run('mail', 'list', '--json').trim().split('\n');
    return lines.map((line) => JSON.parse(line)).find((mail) => mail.id === id);
  }

  /** Waits until a mail stands so. */
  async reaches(id, status) {
    let mail;
    const there = async () => (mail = this.mail(id)).status === status;
    await until(there, () => `${JSON.stringify(mail)} is not ${status}: ${this.#log()}`);
    return mail;
  }

  /** Waits until the log says something that it had not said before the last such wait. */
  async says(what) {
    await until(
      () => {
        const log = this.#log();
        const at = log.indexOf(what, this.#read);
        if (at >= 0) this.#read = at + what.length;
        return at >= 0;
      },
      () => `the log does not say "${what}": ${this.#log()}`,
    );
  }

  /** The files below the data folder, the log included, that hold one of these texts. */
  search(texts) {
    const files = readdirSync(this.#folder, { recursive: true, withFileTypes: true });
    const holds = (file) => {
      const bytes = readFileSync(join(file.parentPath ?? file.path, file.name));
      return texts.filter((text) => bytes.includes(text)).map((text) => `${text} in ${file.name}`);
    };
    return files.filter((file) => file.isFile()).flatMap(holds);
  }

  #data() {
    return ['--data-dir', join(this.#folder, 'data')];
  }

  #run(...all) {
    const done = spawnSync(this.#binary, [...this.#data(), ...all], { env: this.#environment, encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`lethe ${all[0]} ${all[1]} ended with ${done.status}: ${done.stderr}`);
    return done.stdout;
  }

  #log() {
    return readFileSync(join(this.#folder, 'log'), 'utf8');
  }
}

async function until(there, why) {
  const end = Date.now() + PATIENCE;
  while (!(await there())) {
    if (Date.now() > end) throw new Error(why());
    await pause(50);
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}
