// The server under test, and what every test needs to talk to it. `run` starts it and sets the variables.

import { readFileSync } from 'node:fs';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

/** Where the server listens, for example `http://127.0.0.1:8080`. */
export const server = variable('LETHE_URL');

/** The file with the schema of the binary under test. */
export const schema = variable('LETHE_SCHEMA');

/** A document of the README's session. */
export function document(name) {
  return readFileSync(new URL(`session/${name}.graphql`, import.meta.url), 'utf8');
}

/** A new connection over the protocol graphql-transport-ws. It does not connect again by itself. */
export function socket(options = {}) {
  const url = server.replace(/^http/, 'ws') + '/graphql/ws';
  return createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0, lazy: true, ...options });
}

function variable(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set. Start the tests with tests/clients/run.`);
  return value;
}
