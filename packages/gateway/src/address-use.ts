/** What the clients of one address use of the gateway, together. */
export interface AddressUse {
  /** Connections, and ids that were negotiated for one. */
  connections: number;
  /** Memberships in groups, over all of its connections. */
  groups: number;
}
