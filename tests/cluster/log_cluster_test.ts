/** The log on three NATS servers that store each batch three times. */
import { connect } from "@nats-io/transport-node";
import { jetstreamManager } from "@nats-io/jetstream";
import { Author, checkAll } from "./authors.ts";
import { RecordedLog } from "./helpers.ts";
import { NatsCluster } from "./nats.ts";

Deno.test("log: nothing is lost when the leader of three servers is killed, and when all are", async () => {
  await using cluster = await NatsCluster.start();
  const options = { replicas: 3 };
  using one = await RecordedLog.start(cluster.urls, options);
  using two = await RecordedLog.start(cluster.urls, options);
  const authors = [new Author(one, "one"), new Author(two, "two")];
  await Promise.all(authors.map((author) => author.appends(100)));
  const connection = await connect({ servers: cluster.servers.map(({ url }) => url) });
  const manager = await jetstreamManager(connection);
  const { leader } = (await manager.streams.info("TINCAN_test")).cluster!;
  await connection.close();
  const victim = cluster.servers.find(({ name }) => name === leader)!;
  await victim.kill();
  await Promise.all(authors.map((author) => author.appends(100)));
  await victim.start();
  await Promise.all(authors.map((author) => author.appends(50)));
  await Promise.all(cluster.servers.map((server) => server.kill()));
  await Promise.all(cluster.servers.map((server) => server.start()));
  await Promise.all(authors.map((author) => author.appends(50)));
  using late = await RecordedLog.start(cluster.urls, options);
  await checkAll(authors, [one, two, late]);
});
