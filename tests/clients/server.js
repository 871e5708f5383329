// The server under test, and what every test needs to talk to it. `run` starts it and sets the variables.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

/** Where the server listens, for example `http://127.0.0.1:8080`. */
export const server = variable('LETHE_URL');

/** The file with the schema of the binary under test. */
export const schema = variable('LETHE_SCHEMA');

/** The binary under test. */
export const binary = variable('LETHE_BINARY');

const ROLES = ['CONSULTANT', 'UNIT_ADMINISTRATOR', 'SYSTEM_ADMINISTRATOR', 'DPM', 'AUDITOR', 'INTEGRATION'];

/** The plain id of the demo data's user who has a role. */
export function user(role) {
  return `0d3e0000-0000-8000-8000-00000000000${ROLES.indexOf(role) + 1}`;
}

/** A token of the demo data's user who has a role, by the command that the README names. */
export function token(role, data = variable('LETHE_DATA')) {
  const words = ['token', '--data-dir', data, '--user', user(role), '--role', role];
  return execFileSync(binary, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}

/** The headers of a request in a role. */
export function headers(role = 'CONSULTANT') {
  return { authorization: `Bearer ${token(role)}` };
}

/** A document of the README's session. */
export function document(name) {
  return readFileSync(new URL(`session/${name}.graphql`, import.meta.url), 'utf8');
}

/** A new connection over the protocol graphql-transport-ws. It does not connect again by itself. */
export function socket(role = 'CONSULTANT') {
  const url = server.replace(/^http/, 'ws') + '/graphql/ws';
  const connectionParams = { Authorization: `Bearer ${token(role)}` };
  return createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0, lazy: true, connectionParams });
}

function variable(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set. Start the tests with tests/clients/run.`);
  return value;
}
