// node check_json.mjs SCHEMA DOCUMENT: hold a JSON document against a JSON Schema with ajv, formats included. Prints what
// does not fit.
import { readFileSync } from "node:fs";

import formats from "ajv-formats";
import Ajv from "ajv/dist/2020.js";

const [schema, document] = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, "utf8")));
const ajv = new Ajv.default({ allErrors: true, strictTuples: false });
formats.default(ajv);
ajv.addFormat("base64url", /^[A-Za-z0-9_-]*=*$/);
const validate = ajv.compile(schema);
validate(document);
console.log(JSON.stringify((validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)));
