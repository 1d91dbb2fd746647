/**
 * The capabilities that a client may ask for (IRCv3, "Client Capability Negotiation").
 */

/** All that there are, by their registered names. */
export const CAPABILITIES = [
  "account-tag",
  "away-notify",
  "batch",
  "cap-notify",
  "chghost",
  "draft/chathistory",
  "echo-message",
  "extended-join",
  "invite-notify",
  "labeled-response",
  "message-tags",
  "multi-prefix",
  "server-time",
  "setname",
  "soju.im/search",
  "standard-replies",
  "userhost-in-names",
] as const;
export type Capability = typeof CAPABILITIES[number];

/** Whether there is such a capability. */
export function isCapability(name: string): name is Capability {
  return (CAPABILITIES as readonly string[]).includes(name);
}
