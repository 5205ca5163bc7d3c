// node consume.mjs BOOTSTRAP REGISTRY TOPIC COUNT: read that many records with kafkajs, decode them by the registry, and
// print them as JSON.
import registryPackage from "@kafkajs/confluent-schema-registry";
import kafkajs from "kafkajs";

import { plain } from "./plain.mjs";

const [bootstrap, host, topic, count] = process.argv.slice(2);
const registry = new registryPackage.SchemaRegistry({ host });
const kafka = new kafkajs.Kafka({ brokers: bootstrap.split(","), logLevel: kafkajs.logLevel.ERROR });
const consumer = kafka.consumer({ groupId: `node-${process.pid}-${Date.now()}` });
const records = [];

await consumer.connect();
await consumer.subscribe({ topics: [topic], fromBeginning: true });
await new Promise((resolve, reject) => {
  setTimeout(() => reject(new Error(`${records.length} of ${count} records within 60 seconds`)), 60_000).unref();
  consumer.run({
    eachMessage: async ({ message }) => {
      try {
        const headers = Object.entries(message.headers).map(([name, value]) => [name, value.toString()]);
        records.push({
          key: message.key.toString(),
          headers: Object.fromEntries(headers),
          value: plain(await registry.decode(message.value)),
        });
      } catch (error) {
        reject(error);
      }
      if (records.length === Number(count)) resolve();
    },
  });
});
await consumer.disconnect();
console.log(JSON.stringify(records));
