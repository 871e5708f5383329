// The page at `/`, as a browser gets it: GraphiQL, which this server sends itself.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { getIntrospectionQuery, buildClientSchema, validateSchema } from 'graphql';
import { headers, server } from './server.js';

test('the page is HTML that names the endpoints and lets its scripts talk to this server only', async () => {
  const answer = await fetch(`${server}/`, { headers: { accept: 'text/html' } });
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type'), /^text\/html; *charset=utf-8$/i);
  const policy = answer.headers.get('content-security-policy');
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /connect-src 'self'/);
  assert.doesNotMatch(policy, /unsafe|https?:|\*/);
  const page = await answer.text();
  assert.match(page, /['"]\/graphql['"]/);
  assert.match(page, /\/graphql\/ws/);
});

test('the page has a token of a consultant of the demo data', async () => {
  const page = await (await fetch(`${server}/`)).text();
  const [, authorization] = /"authorization":"([^"]+)"/.exec(page);
  const answer = await fetch(`${server}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: server, authorization },
    body: JSON.stringify({ query: '{ viewer { role } }' }),
  });
  assert.deepEqual(await answer.json(), { data: { viewer: { role: 'CONSULTANT' } } });
});

test('every script runs by the nonce of its answer, and every file comes from this server and has its digest', async () => {
  const nonces = new Set();
  for (let time = 0; time < 2; time += 1) {
    const answer = await fetch(`${server}/`);
    const [, nonce] = /script-src 'nonce-([^']+)'/.exec(answer.headers.get('content-security-policy'));
    nonces.add(nonce);
    const page = await answer.text();
    for (const [tag] of page.matchAll(/<script[^>]*>/g)) assert.ok(tag.includes(`nonce="${nonce}"`), tag);
    assert.doesNotMatch(page, /https?:\/\//);
    const files = [...page.matchAll(/(?:src|rel="stylesheet" href)="([^"]+)" integrity="(sha384-[^"]+)"/g)];
    assert.equal(files.length, 4);
    for (const [, path, integrity] of files) {
      const file = await fetch(new URL(path, server));
      assert.equal(file.status, 200, path);
      const digest = createHash('sha384').update(Buffer.from(await file.arrayBuffer())).digest('base64');
      assert.equal(`sha384-${digest}`, integrity, path);
    }
  }
  assert.equal(nonces.size, 2);
});

test('the introspection query of GraphiQL gives a valid schema', async () => {
  const answer = await fetch(`${server}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: server, ...headers() },
    body: JSON.stringify({ query: getIntrospectionQuery(), operationName: 'IntrospectionQuery' }),
  });
  const { data, errors } = await answer.json();
  assert.equal(errors, undefined);
  const schema = buildClientSchema(data);
  assert.deepEqual(validateSchema(schema), []);
  assert.ok(schema.getSubscriptionType().getFields().changes);
});
