import { constants, deflateRawSync } from "node:zlib";
import type { Deflate } from "../aggregation/shared-frame.ts";

/**
 * Window of the gateway's compressor, as a power of two: 4 KiB. Twice as good as none for large messages and as good as
 * 32 KiB for hub messages, and setting it up costs less (tests/bench/micro/deflate.bench.ts).
 */
export const serverMaxWindowBits = 12;

/** Memory for 2^12 hash chains; more only takes longer to clear, once for each message. */
const memLevel = 5;

/** Empty block at the end of a flush, left out on the wire (RFC 7692 section 7.2.1). */
const tailBytes = 4;

/** Room for what does not become smaller, so that one output buffer is always enough. */
const spareBytes = 64;

/**
 * Compresses messages of at least `minBytes`, each by itself. Synchronous: 10 to 50 microseconds for 300 bytes to 8 KiB,
 * once for all clients, where one write to one client takes about 6 (tests/bench/micro/deflate.bench.ts).
 */
export function sharedDeflate(minBytes: number): Deflate {
  return (bytes) => {
    if (bytes.length < minBytes) return undefined;
    const deflated = deflateRawSync(bytes, {
      windowBits: serverMaxWindowBits,
      memLevel,
      finishFlush: constants.Z_SYNC_FLUSH,
      chunkSize: bytes.length + spareBytes,
    });
    const payload = deflated.subarray(0, deflated.length - tailBytes);
    return payload.length < bytes.length ? payload : undefined;
  };
}
