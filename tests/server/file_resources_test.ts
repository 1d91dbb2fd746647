/** What IRC clients are told of uploads. */
import { assertEquals } from "@std/assert";
import { uploadSettings } from "../../src/server/file_resources.ts";
import { parse } from "../cli/parse.ts";

Deno.test("file_resources: the URL for uploads is that of the page, as far as it is known", () => {
  const urlOf = (args: string) => uploadSettings(parse(args))?.url;
  assertEquals(urlOf(""), "http://127.0.0.1:8080/files");
  assertEquals(urlOf("--host ::1 --web-port 80 --tls-cert a --tls-key b"), "https://[::1]:80/files");
  assertEquals(urlOf("--host 0.0.0.0 --public-url https://chat.example/"), "https://chat.example/files");
  for (const args of ["--host 0.0.0.0", "--host ::", "--web-port 0", "--web-port off"]) {
    assertEquals(urlOf(args), undefined, args);
  }
  assertEquals(uploadSettings(parse("--uploads off")), undefined);
});
