// The page at `/`. A browser fetches its scripts from elsewhere, so what is tested is what this server sends.

import assert from 'node:assert/strict';
import test from 'node:test';
import { getIntrospectionQuery, buildClientSchema, validateSchema } from 'graphql';
import { headers, server } from './server.js';

test('the page is HTML that names the endpoints and lets its scripts talk to this server only', async () => {
  const answer = await fetch(`${server}/`, { headers: { accept: 'text/html' } });
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type'), /^text\/html; *charset=utf-8$/i);
  assert.match(answer.headers.get('content-security-policy'), /connect-src 'self'/);
  const page = await answer.text();
  assert.match(page, /['"]\/graphql['"]/);
  assert.match(page, /\/graphql\/ws/);
});

test('the page has a token of a consultant of the demo data, for requests and for web sockets', async () => {
  const page = await (await fetch(`${server}/`)).text();
  const found = [...page.matchAll(/'Authorization': '([^']+)'/g)].map(([, value]) => value);
  assert.equal(found.length, 2);
  const answer = await fetch(`${server}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: server, authorization: found[0] },
    body: JSON.stringify({ query: '{ viewer { role } }' }),
  });
  assert.deepEqual(await answer.json(), { data: { viewer: { role: 'CONSULTANT' } } });
});

test('every script and style of the page is of a pinned version', async () => {
  const page = await (await fetch(`${server}/`)).text();
  const sources = [...page.matchAll(/(?:src|rel="stylesheet" href)="(https:[^"]+)"/g)].map(([, address]) => address);
  assert.ok(sources.length > 0);
  for (const source of sources) assert.match(source, /@\d+(\.\d+)*[/.]/, source);
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
