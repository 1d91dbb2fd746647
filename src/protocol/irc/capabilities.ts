/**
 * The capabilities that a client can request (IRCv3, "Client Capability Negotiation").
 */

/** All capabilities, by their registered names. */
export const CAPABILITIES = [
  "account-notify",
  "account-tag",
  "away-notify",
  "batch",
  "cap-notify",
  "chghost",
  "draft/account-registration",
  "draft/channel-rename",
  "draft/chathistory",
  "draft/event-playback",
  "draft/message-redaction",
  "draft/multiline",
  "draft/no-implicit-names", // the name in drafts of no-implicit-names, which clients still request
  "draft/persistence",
  "draft/pre-away",
  "draft/read-marker",
  "echo-message",
  "extended-join",
  "extended-monitor",
  "invite-notify",
  "labeled-response",
  "message-tags",
  "multi-prefix",
  "no-implicit-names",
  "sasl",
  "server-time",
  "setname",
  "soju.im/search",
  "standard-replies",
  "tincan.chat/mentions",
  "userhost-in-names",
] as const;
export type Capability = typeof CAPABILITIES[number];

/** The capabilities that need accounts. */
const FOR_ACCOUNTS: readonly Capability[] = ["draft/account-registration", "draft/persistence", "sasl"];

/** Returns the capabilities of a server with or without accounts. */
export function available(accounts: boolean): Capability[] {
  return CAPABILITIES.filter((capability) => accounts || !FOR_ACCOUNTS.includes(capability));
}

/** Whether a name is that of a capability. */
export function isCapability(name: string): name is Capability {
  return (CAPABILITIES as readonly string[]).includes(name);
}
