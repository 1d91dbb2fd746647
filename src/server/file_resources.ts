/** Creates the resources of uploaded files from the options of a server. */
import type { Options } from "../cli/options.ts";
import type { Fetched } from "../cluster/file_sync.ts";
import type { Log } from "../monitoring/log.ts";
import type { Api } from "../protocol/http/api.ts";
import { downloadResources } from "../protocol/http/downloads.ts";
import type { Resource } from "../protocol/http/router.ts";
import { identifyUploader } from "../protocol/http/uploader.ts";
import { resourcesWithoutUploads, uploadResources } from "../protocol/http/uploads.ts";
import type { IrcOptions } from "../protocol/irc/options.ts";
import { TimeSlicer } from "../protocol/time_slicer.ts";
import type { ServerResources } from "./resources.ts";
import { webUrl } from "./web_url.ts";

/**
 * The time slice of reading and writing chunks of files, in milliseconds. A chunk takes about this long, and no two are read or
 * written without other events in between.
 */
const CHUNK_SLICE = 0.25;

/**
 * The resources of a server for files; without `--data`, they reject uploads.
 *
 * @param fetch In a cluster, gets a file of another node.
 */
export function fileResources(
  { uploads, maxFile, maxPerIp, publicUrl }: Options,
  { files }: ServerResources,
  api: Api,
  log: Log,
  fetch?: (id: string) => Promise<Fetched>,
): Resource[] {
  if (files === undefined) return resourcesWithoutUploads();
  const { store, sniff } = files;
  const slicer = new TimeSlicer(undefined, CHUNK_SLICE, Infinity); // each request has at most one job in the queue
  const downloads = downloadResources({ files: store, slicer, fetch });
  if (uploads === "off") return [...downloads, ...resourcesWithoutUploads()];
  return [
    ...downloads,
    ...uploadResources({
      files: store,
      maxFile,
      sniff,
      slicer,
      rate: maxPerIp === Infinity ? Infinity : undefined, // all clients may have the same address then
      identify: (call) => identifyUploader(call, api, uploads),
      operation: (answer, bodyLimit) => api.operation(answer, bodyLimit),
      originOf: ({ url }) => publicUrl ?? url.origin,
      onStored: ({ size, type, owner }, { client: { peer } }) => log.info("file stored", { peer, owner, size, type }),
    }),
  ];
}

/** The settings of uploads for IRC clients; `undefined` without uploads. The URL is missing if it is not known. */
export function uploadSettings(options: Options): IrcOptions["uploads"] {
  const { uploads: who, maxFile, publicUrl, host, webPort, tlsCert } = options;
  if (who === "off") return undefined;
  const isKnown = webPort !== "off" && webPort !== 0;
  const base = publicUrl ?? (isKnown ? webUrl(host, webPort, tlsCert !== undefined) : undefined);
  return { who, maxFile, url: base === undefined ? undefined : `${base}/files` };
}
