/**
 * How often the situations came up that the simulation is for. One that never comes up is a promise that nobody checked.
 */
export class Sightings {
  /** Joins of several clients in one invocation. */
  sharedJoins = 0;
  /** Joins asked for while the same one was in flight: they share the next. */
  joinsBehindJoin = 0;
  /** Joins asked for while the topic was being left at the origin (FT-40). */
  joinsBehindLeave = 0;
  /** Messages that reached a client between its join and the answer (FT-37). */
  earlyMessages = 0;
  /** Members that left while a join of theirs was in flight (FT-38). */
  leavesDuringJoin = 0;
  /** Clients that went while a join of theirs was in flight (FT-42). */
  vanishedJoiners = 0;
  /** Joins that the origin refused, and how many clients had waited for them (FT-39). */
  refusedJoins = 0;
  refusedWaiters = 0;
  /** Joins that were refused although their client was a member already. */
  refusedMembers = 0;
  /** Joins that were in flight when the connection broke, and were sent again. */
  lostJoins = 0;
  /** Completions of an earlier connection (FT-43). */
  lateCompletions = 0;
  originLeaves = 0;
  lostLeaves = 0;
  /** Members that were closed because of a gap. */
  gapCloses = 0;
  /** Topics whose members were brought back by a join, and by one that other clients waited for, too. */
  rejoins = 0;
  sharedRejoins = 0;
  refusedRejoins = 0;
  /** Invocations that brought back members of one topic and were an ordinary join for another one. */
  partialRejoins = 0;
  /** Joins that the gateway itself refused because of a limit. */
  limitedJoins = 0;
  /** Broadcasts that reached somebody, and clients that missed some. */
  broadcasts = 0;
  broadcastGaps = 0;
  /** Clients that joined a group before anything else, as soon as they were let in. */
  eagerJoins = 0;
  /** Shared calls that joined one in flight, were answered from a kept result, or were lost and made again. */
  sharedQueries = 0;
  keptResults = 0;
  lostQueries = 0;
  /** Readers of a stream that ran already; items for several of them; streams without readers; broken streams. */
  lateReaders = 0;
  sharedItems = 0;
  cancelledStreams = 0;
  lostStreams = 0;
  strayMessages = 0;
  /** Messages whose key belongs to another upstream than the one that brought them. */
  foreignMessages = 0;
  /** Broadcasts on other upstreams than the primary one. */
  broadcastCopies = 0;
  /** Clients that went, or were closed, while they were in groups of several upstreams. */
  spreadMembers = 0;
  /** Messages that do not say their key, and reached members. */
  keylessMessages = 0;
  /** Upstreams that nobody needed any more, and that were opened again later. */
  retiredLines = 0;
  reopenedLines = 0;
  privateCopies = 0;
  /** Clients that were cut because too much waited for them, or because they read nothing for too long. */
  fullClients = 0;
  stuckClients = 0;
  /** Clients over the high-water mark. */
  congestedClients = 0;
  /** Messages that clients behind did not get, that were held back for them, and that they got after all. */
  droppedMessages = 0;
  heldMessages = 0;
  caughtUpMessages = 0;
}
