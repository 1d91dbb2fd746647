/**
 * The capabilities that a client may ask for (IRCv3, "Client Capability Negotiation").
 */

/** All that there are, by their registered names. */
export const CAPABILITIES = [
  "account-notify",
  "account-tag",
  "away-notify",
  "batch",
  "cap-notify",
  "chghost",
  "draft/account-registration",
  "draft/chathistory",
  "echo-message",
  "extended-join",
  "invite-notify",
  "labeled-response",
  "message-tags",
  "multi-prefix",
  "sasl",
  "server-time",
  "setname",
  "soju.im/search",
  "standard-replies",
  "userhost-in-names",
] as const;
export type Capability = typeof CAPABILITIES[number];

/** Those that make sense only where names can be somebody's own. */
const FOR_ACCOUNTS: readonly Capability[] = ["draft/account-registration", "sasl"];

/** Those that there are, where names can be somebody's own and where they cannot. */
export function available(accounts: boolean): Capability[] {
  return CAPABILITIES.filter((capability) => accounts || !FOR_ACCOUNTS.includes(capability));
}

/** Whether there is such a capability. */
export function isCapability(name: string): name is Capability {
  return (CAPABILITIES as readonly string[]).includes(name);
}
