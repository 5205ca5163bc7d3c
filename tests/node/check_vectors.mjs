// node check_vectors.mjs VECTORS SCHEMAS: decode every golden vector with avsc, as every version reads it, compare with
// what it must be, and write it again to the same bytes. Prints what was checked.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import avro from "avsc";

import { plain } from "./plain.mjs";

const [vectorFolder, schemaFolder] = process.argv.slice(2);
const readJson = (...path) => JSON.parse(readFileSync(join(...path), "utf8"));
const manifest = readJson(schemaFolder, "manifest.json");

const typeOf = (subject, version) => {
  const entry = manifest.subjects[subject].find((one) => one.version === version);
  return { id: entry.id, type: avro.Type.forSchema(readJson(schemaFolder, entry.file)) };
};

// What a reader does with any value of a topic: frame, id, contract, body, and nothing after it.
const read = (subject, bytes) => {
  assert(bytes.length >= 5 && bytes[0] === 0, "not framed");
  const entry = manifest.subjects[subject].find((one) => one.id === bytes.readInt32BE(1));
  assert(entry, "no version of this contract");
  return typeOf(subject, entry.version).type.fromBuffer(bytes.subarray(5));
};

const checked = { vectors: 0, reads: 0, refused: 0, subjects: [] };
for (const file of readdirSync(vectorFolder).filter((name) => name.endsWith(".json"))) {
  const { subject, vectors, refused } = readJson(vectorFolder, file);
  checked.subjects.push(subject);
  for (const vector of vectors) {
    const place = `${subject}: ${vector.name}`;
    const bytes = Buffer.from(vector.framed, "hex");
    const writer = typeOf(subject, vector.writer.version);
    assert.equal(bytes[0], 0, place);
    assert.equal(bytes.readInt32BE(1), writer.id, place);
    assert.equal(vector.writer.schema_id, writer.id, place);
    const body = bytes.subarray(5);
    for (const [version, expected] of Object.entries(vector.reads_as)) {
      const reader = typeOf(subject, Number(version)).type;
      const record = reader.fromBuffer(body, reader.createResolver(writer.type)); // throws when bytes are left over
      assert.deepEqual(plain(record), expected, `${place}, read by version ${version}`);
      checked.reads += 1;
    }
    assert.deepEqual(writer.type.toBuffer(writer.type.fromBuffer(body)), body, `${place}, written again`);
    for (const other of vector.also_framed ?? []) {
      const record = writer.type.fromBuffer(Buffer.from(other, "hex").subarray(5));
      assert.deepEqual(record, writer.type.fromBuffer(body), `${place}, in blocks`);
    }
    checked.vectors += 1;
    read(subject, bytes);
  }
  for (const wrong of refused) {
    assert.throws(() => read(subject, Buffer.from(wrong.framed, "hex")), `${subject}: ${wrong.name} was read`);
    checked.refused += 1;
  }
}
console.log(JSON.stringify(checked));
