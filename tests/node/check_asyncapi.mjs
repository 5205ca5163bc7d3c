// node check_asyncapi.mjs FILE: parse and validate an AsyncAPI document with the parser of the AsyncAPI initiative, Avro
// included. Prints what it holds, and what the parser objects to.
import { readFileSync } from "node:fs";

import { AvroSchemaParser } from "@asyncapi/avro-schema-parser";
import { Parser } from "@asyncapi/parser";

const parser = new Parser({ schemaParsers: [AvroSchemaParser()] });
const { document, diagnostics } = await parser.parse(readFileSync(process.argv[2], "utf8"));
const told = diagnostics.map(({ severity, code, message, path }) => ({ severity, code, message, path: path.join("/") }));
const channels = document?.channels().all() ?? [];
console.log(
  JSON.stringify({
    errors: told.filter(({ severity }) => severity === 0),
    warnings: told.filter(({ severity }) => severity === 1),
    channels: channels.map((channel) => ({
      address: channel.address(),
      messages: channel.messages().all().map((message) => message.id()),
    })),
    servers: (document?.servers().all() ?? []).map((server) => ({
      host: server.host(),
      protocol: server.protocol(),
      security: server.security().flatMap((one) => one.all().map((each) => each.scheme().type())),
    })),
    operations: (document?.operations().all() ?? []).map((operation) => operation.id()),
  }),
);
