// Tokens of a real OpenID Connect provider: discovery, keys of every algorithm and their rotation, people and programmes.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import Provider from 'oidc-provider';
import { binary, token, user } from './server.js';

const ALGORITHMS = { RS256: ['rsa', { modulusLength: 2048 }], ES256: ['ec', { namedCurve: 'P-256' }], EdDSA: ['ed25519'] };
const SECRET = 'a-secret-of-a-client';
const REDIRECT = 'https://crm.example.org/back';

const folder = mkdtempSync(join(tmpdir(), 'lethe-oidc-'));
// Everybody may pass through, so that PostgreSQL's own user reaches the data when this runs as root.
chmodSync(folder, 0o755);
const data = join(folder, 'data');

let issuer;
let provider;
let listening;
let lethe;

/** New keys, one of each algorithm. */
function keys(name) {
  return Object.entries(ALGORITHMS).map(([alg, [type, options]]) => {
    const { privateKey } = generateKeyPairSync(type, options);
    return { ...privateKey.export({ format: 'jwk' }), kid: `${name}-${alg}`, use: 'sig', alg };
  });
}

/** A provider with one person, who shows what `amr` says, and one programme. */
function provide(name) {
  return new Provider(issuer, {
    jwks: { keys: keys(name) },
    clients: [
      {
        client_id: 'lethe',
        client_secret: SECRET,
        redirect_uris: [REDIRECT],
        token_endpoint_auth_method: 'client_secret_post',
      },
      {
        client_id: 'website',
        client_secret: SECRET,
        redirect_uris: [],
        response_types: [],
        grant_types: ['client_credentials'],
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
    claims: { openid: ['sub'], amr: null },
    cookies: { keys: ['one'] },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    interactions: { url: (_, { uid }) => `/login/${uid}` },
    features: {
      claimsParameter: { enabled: true },
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        // urn:AUDIENCE:ALGORITHM:SECONDS
        getResourceServerInfo: (_, resource) => {
          const [, audience, alg, seconds] = resource.split(':');
          const accessTokenTTL = Number(seconds);
          return { scope: 'crm', audience, accessTokenFormat: 'jwt', accessTokenTTL, jwt: { sign: { alg } } };
        },
      },
    },
  });
}

/** Where the provider sends whoever is to log in: Ida is, and shows these factors. */
let factors = [];
async function login(request, response) {
  const { params } = await provider.interactionDetails(request, response);
  const grant = new provider.Grant({ accountId: 'ida', clientId: params.client_id });
  grant.addOIDCScope('openid');
  const consent = { grantId: await grant.save() };
  await provider.interactionFinished(request, response, { login: { accountId: 'ida', amr: factors }, consent });
}

/** The ID token of Ida, who logs in anew as a browser does. */
async function person(amr) {
  factors = amr;
  const claims = JSON.stringify({ id_token: { amr: null } });
  const query = { client_id: 'lethe', redirect_uri: REDIRECT, response_type: 'code', scope: 'openid', claims };
  let next = `${issuer}/auth?${new URLSearchParams(query)}`;
  const cookies = new Map();
  while (!next.startsWith(REDIRECT)) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(next, { redirect: 'manual', headers: { cookie } });
    for (const set of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set);
      cookies.set(name, value);
    }
    assert.equal(answer.status, 303, await answer.text());
    next = new URL(answer.headers.get('location'), issuer).href;
  }
  const code = new URL(next).searchParams.get('code');
  assert.ok(code, next);
  const answer = await grant({ client_id: 'lethe', grant_type: 'authorization_code', code, redirect_uri: REDIRECT });
  return answer.id_token;
}

/** The access token of the programme. */
async function programme(alg, { audience = 'lethe', seconds = 600 } = {}) {
  const resource = `urn:${audience}:${alg}:${seconds}`;
  const asked = { client_id: 'website', grant_type: 'client_credentials', scope: 'crm', resource };
  return (await grant(asked)).access_token;
}

async function grant(parameters) {
  const body = new URLSearchParams({ client_secret: SECRET, ...parameters });
  const answer = await (await fetch(`${issuer}/token`, { method: 'POST', body })).json();
  assert.equal(answer.error, undefined, JSON.stringify(answer));
  return answer;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

/** Starts a server on the folder, and returns when it is ready. */
async function start(settings) {
  const url = `http://127.0.0.1:${await freePort()}`;
  const { DATABASE_URL, ...env } = process.env;
  const log = openSync(join(folder, 'log'), 'a');
  const words = ['serve', '--data-dir', data, '--listen', url.replace('http://', '')];
  const child = spawn(binary, words, { env: { ...env, ...settings }, stdio: ['ignore', log, log] });
  while (!(await fetch(`${url}/readyz`).then((answer) => answer.ok, () => false))) {
    assert.equal(child.exitCode, null, 'the server did not start');
    await sleep(100);
  }
  return { url, child };
}

async function stop({ child }) {
  child.kill('SIGTERM');
  await once(child, 'exit');
}

/** Status and body of the answer to a request that shows a token. */
async function ask(shown, query, more = {}) {
  const answer = await fetch(`${lethe.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${shown}`, ...more },
    body: JSON.stringify({ query }),
  });
  const body = await answer.json();
  return { status: answer.status, code: body.errors?.[0].extensions.code, data: body.data };
}

const VIEWER = '{ viewer { role userId } }';
const device = { 'X-Lethe-Device': user('DPM') };

before(async () => {
  const port = await freePort();
  issuer = `http://127.0.0.1:${port}`;
  provider = provide('first');
  const answer = (request, response) =>
    request.url.startsWith('/login/') ? login(request, response) : provider.callback()(request, response);
  listening = createServer(answer).listen(port, '127.0.0.1');
  await once(listening, 'listening');

  // Without an issuer first: who works here is registered with how the issuer names them.
  lethe = await start({});
  const administrator = token('SYSTEM_ADMINISTRATOR', data);
  for (const [role, subject] of [['DPM', 'ida'], ['INTEGRATION', 'website']]) {
    const { userId } = (await ask(token(role, data), VIEWER)).data.viewer;
    const identities = `[{ issuer: "${issuer}", subject: "${subject}" }]`;
    const amend = `mutation { userAmend(input: { userId: "${userId}", identities: ${identities} }) {
      userErrors { code message } } }`;
    const { data: done } = await ask(administrator, amend);
    assert.deepEqual(done.userAmend.userErrors, []);
  }
  await stop(lethe);
  lethe = await start({
    LETHE_OIDC_ISSUER: issuer,
    LETHE_OIDC_AUDIENCE: 'lethe',
    LETHE_CLOCK_SKEW_SECONDS: '0',
  });
});

after(async () => {
  if (lethe) await stop(lethe);
  listening?.closeAllConnections();
  listening?.close();
  rmSync(folder, { recursive: true });
});

for (const alg of Object.keys(ALGORITHMS)) {
  test(`a programme is let in with a token that is signed with ${alg}`, async () => {
    const { status, data } = await ask(await programme(alg), VIEWER);
    assert.equal(status, 200);
    assert.equal(data.viewer.role, 'INTEGRATION');
  });
}

test('a person is let in from an approved device', async () => {
  const shown = await person(['pwd', 'otp']);
  const { status, data } = await ask(shown, VIEWER, device);
  assert.equal(status, 200);
  assert.equal(data.viewer.role, 'DPM');
  for (const other of [{}, { 'X-Lethe-Device': user('AUDITOR') }]) {
    const refused = await ask(shown, VIEWER, other);
    assert.deepEqual([refused.status, refused.code], [403, 'DEVICE_NOT_APPROVED']);
  }
});

test('what needs a second factor needs a token that tells of one', async () => {
  const erase = `mutation { contactAnonymise(input: {
    contactId: "x", previewToken: "x", reason: EXPIRED, idempotencyKey: "${user('DPM')}"
  }) { userErrors { code } } }`;
  assert.equal((await ask(await person(['pwd']), erase, device)).code, 'STEP_UP_REQUIRED');
  const { code, data } = await ask(await person(['pwd', 'otp']), erase, device);
  assert.equal(code, undefined);
  assert.notDeepEqual(data.contactAnonymise.userErrors, []);
});

test('tokens for others, of the past, and of this installation are refused', async () => {
  const refused = async (shown) => {
    const { status, code } = await ask(shown, VIEWER);
    assert.deepEqual([status, code], [401, 'UNAUTHENTICATED']);
  };
  await refused(await programme('ES256', { audience: 'another' }));
  const brief = await programme('RS256', { seconds: 1 });
  await sleep(1100);
  await refused(brief);
  const [header, claims] = (await programme('EdDSA')).split('.');
  await refused(`${header}.${claims}.${'A'.repeat(86)}`);
  const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
  await refused(`${none}.${claims}.`);
  const words = ['token', '--data-dir', data, '--user', user('DPM')];
  await refused(execFileSync(binary, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim());
  const env = { ...process.env, LETHE_OIDC_ISSUER: issuer, LETHE_OIDC_AUDIENCE: 'lethe' };
  assert.throws(() => execFileSync(binary, words, { env, stdio: 'pipe' }), /Tokens come from/);
});

test('new keys are believed soon, old ones not any more, and an issuer that is away is missed by nobody', async () => {
  const old = await programme('ES256');
  assert.equal((await ask(old, VIEWER)).status, 200);
  provider = provide('second');
  const shown = await programme('ES256');
  // The issuer is not asked more often than every few seconds.
  while ((await ask(shown, VIEWER)).status !== 200) await sleep(200);
  assert.equal((await ask(old, VIEWER)).status, 401);
  listening.closeAllConnections();
  listening.close();
  await once(listening, 'close');
  assert.equal((await ask(shown, VIEWER)).status, 200);
});
