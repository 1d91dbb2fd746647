/**
 * The executable in an otherwise empty root file system, as an unprivileged user and as process 1, as in the Docker image.
 * `.ci/rootfs`, which collects the files for the Dockerfile, collects them here as well.
 */
import { assertEquals } from "@std/assert";
import { executable, test } from "./forms.ts";
import { Client, notInstalled, start } from "./harness.ts";

const ROOTFS = `${import.meta.dirname}/../../.ci/rootfs`;
const USER = "65532";

/** Why such a root cannot be made here, if so. */
async function impossible(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return "takes Linux";
  const missing = notInstalled("unshare", "chroot", "ldd");
  if (missing !== undefined) return missing;
  if (Deno.uid() !== 0) return "takes root";
  const args = ["--mount", "--pid", "--fork", "--mount-proc", "true"];
  const { success } = await new Deno.Command("unshare", { args, stderr: "null" }).output();
  return success ? undefined : "takes namespaces of its own";
}

test(
  "rootfs: the executable runs unprivileged in an otherwise empty root and stops on SIGTERM",
  async (form) => {
    const root = await Deno.makeTempDir();
    try {
      const gathered = await new Deno.Command(ROOTFS, { args: [form.command[0]!, root] }).output();
      assertEquals(new TextDecoder().decode(gathered.stderr), "");
      await Deno.mkdir(`${root}/proc`);
      // The mount ends with the namespace. The process is process 1, which receives only signals that it handles.
      const inside = `mount -t proc proc "$0/proc" && exec chroot --userspec=${USER}:${USER} "$0" /tincan "$@"`;
      const command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", inside, root];
      await using server = await start({ name: form.name, command });
      using alice = await Client.join(server.port);
      using bob = await Client.join(server.port);
      await alice.send("hello from an empty room");
      await bob.until("<guest1> hello from an empty room");

      const children = await Deno.readTextFile(`/proc/${server.pid}/task/${server.pid}/children`);
      const pid = Number(children.trim());
      const status = await Deno.readTextFile(`/proc/${pid}/status`);
      assertEquals(/^Uid:\s+(.*)$/m.exec(status)![1], [USER, USER, USER, USER].join("\t"));
      assertEquals(/^NSpid:.*\t(\d+)$/m.exec(status)![1], "1");
      Deno.kill(pid, "SIGTERM");
      await alice.until("-- tincan is stopping. Goodbye.");
      assertEquals(await server.code(), 0);
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  },
  await impossible(),
  [executable],
);
