// A client that was written against the schema.graphql of any release still works, unless it used what had been
// deprecated before it went. What never was in a release is no promise.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildSchema, findBreakingChanges } from 'graphql';
import { schema } from './server.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const git = (...words) => execFileSync('git', ['-C', ROOT, ...words], { encoding: 'utf8' });

/** The schema of every release, the latest first; none outside of a repository. */
function released() {
  try {
    const tags = git('tag', '--list', 'v*', '--sort=-v:refname').split('\n').filter(Boolean);
    return tags.map((tag) => git('show', `${tag}:schema.graphql`));
  } catch {
    return [];
  }
}

/** `Type.member` of every field, argument's field, input field and enum value that is deprecated. */
function deprecated(version) {
  return Object.values(version.getTypeMap()).flatMap((type) => {
    const members = type.getFields ? Object.values(type.getFields()) : (type.getValues?.() ?? []);
    return members.filter((member) => member.deprecationReason != null).map(({ name }) => `${type.name}.${name}`);
  });
}

/** What the new schema takes away from those who use one of the old ones without a warning. */
function broken(old, now) {
  const versions = old.map((text) => buildSchema(text));
  const warned = new Set(versions.flatMap(deprecated));
  const changes = versions.flatMap((version) => findBreakingChanges(version, buildSchema(now)));
  const value = /^(\w+) was removed from enum type (\w+)\.$/;
  const told = changes.map(({ description }) => description.replace(value, '$2.$1 was removed.'));
  return [...new Set(told)].sort().filter((change) => !warned.has(/^(\w+\.\w+) was removed\.$/.exec(change)?.[1]));
}

test('the schema takes nothing away that was not deprecated first', (t) => {
  const versions = released();
  if (versions.length === 0) return t.skip('there is no release yet');
  assert.deepEqual(broken(versions, readFileSync(schema, 'utf8')), []);
});

test('what breaks a client is found, and what was deprecated may go', () => {
  const old = 'type Query { a: Int b: Int } enum E { X Y }';
  const warned = 'type Query { a: Int b: Int @deprecated(reason: "a") } enum E { X Y @deprecated(reason: "X") }';
  const now = 'type Query { a: Int } enum E { X }';
  assert.deepEqual(broken([old], now), ['E.Y was removed.', 'Query.b was removed.']);
  assert.deepEqual(broken([warned, old], now), []);
  const changed = old.replace('a: Int', 'a: String');
  assert.deepEqual(broken([old], changed), ['Query.a changed type from Int to String.']);
  assert.deepEqual(broken([old], warned), []);
});
