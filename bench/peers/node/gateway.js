// Fastify and amqplib: one persistent, confirmed message a record.
const amqp = require("amqplib");
const fastify = require("fastify");

const { AMQP_URL, QUEUE, PORT } = process.env;

const customer = {
  type: "object",
  required: ["id", "name", "createdAt", "updatedAt"],
  properties: {
    id: { type: "string" },
    externalIds: { type: "array", items: { type: "string" } },
    name: { type: "string" },
    contacts: { type: "object" },
    consent: { type: "object" },
    createdAt: { type: "string", format: "date-time" },
    updatedAt: { type: "string", format: "date-time" },
  },
};
const batch = {
  type: "object",
  required: ["customers"],
  properties: { customers: { type: "array", items: customer } },
};

async function main() {
  const connection = await amqp.connect(AMQP_URL);
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(QUEUE, { durable: true });

  const app = fastify({ bodyLimit: 8 * 1024 * 1024 });
  app.post("/customers", { schema: { body: batch } }, async (request, reply) => {
    await Promise.all(
      request.body.customers.map(
        (customer) =>
          new Promise((resolve, reject) => {
            const confirmed = (error) => (error ? reject(error) : resolve());
            channel.sendToQueue(QUEUE, Buffer.from(JSON.stringify(customer)), { persistent: true }, confirmed);
          }),
      ),
    );
    reply.code(202);
    return { accepted: request.body.customers.length };
  });
  await app.listen({ port: Number(PORT), host: "127.0.0.1" });
}

main();
