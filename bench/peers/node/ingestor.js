// amqplib and the MongoDB driver: one upsert a message, then its ack.
const amqp = require("amqplib");
const { MongoClient } = require("mongodb");

const { AMQP_URL, QUEUE, MONGODB_URL, DATABASE } = process.env;
const PREFETCH = 100;

async function main() {
  const client = await new MongoClient(MONGODB_URL).connect();
  const collection = client.db(DATABASE).collection("customers");

  const connection = await amqp.connect(AMQP_URL);
  const channel = await connection.createChannel();
  await channel.assertQueue(QUEUE, { durable: true });
  await channel.prefetch(PREFETCH);
  await channel.consume(QUEUE, async (message) => {
    const { id, ...customer } = JSON.parse(message.content.toString());
    customer.createdAt = new Date(customer.createdAt);
    customer.updatedAt = new Date(customer.updatedAt);
    await collection.updateOne({ _id: id }, { $set: customer }, { upsert: true });
    channel.ack(message);
  });
}

main();
