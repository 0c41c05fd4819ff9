/** Bytes behind the upgrade, and what the gateway must make of them. */
export interface WebSocketVector {
  readonly name: string;
  /** Section of RFC 6455 that asks for it. */
  readonly section: string;
  readonly bytes: Buffer;
  /** Code of the Close frame that must come; `answered`: the hub takes the handshake in it. */
  readonly expected: number | "answered";
}

export interface FrameParts {
  readonly opcode: number;
  readonly payload?: string | Buffer;
  readonly final?: boolean;
  /** The three reserved bits as they stand in the first byte. */
  readonly reserved?: number;
  readonly mask?: readonly [number, number, number, number] | "none";
  /** Bytes of the length field: 7 bits, 16 or 64. */
  readonly width?: 7 | 16 | 64;
}

const handshake = '{"protocol":"json","version":1}\u001e';

/** A frame as a client writes it. */
export function frame(parts: FrameParts): Buffer {
  const { opcode, final = true, reserved = 0, mask = [1, 2, 3, 4] } = parts;
  const payload = Buffer.from(parts.payload ?? "");
  const width = parts.width ?? (payload.length < 126 ? 7 : payload.length < 65_536 ? 16 : 64);
  const maskBit = mask === "none" ? 0 : 0x80;
  const first = (final ? 0x80 : 0) | reserved | opcode;
  const length = Buffer.alloc(width === 7 ? 0 : width / 8);
  if (width === 16) length.writeUInt16BE(payload.length);
  if (width === 64) length.writeBigUInt64BE(BigInt(payload.length));
  const short = width === 7 ? payload.length : width === 16 ? 126 : 127;
  const key = mask === "none" ? [] : mask;
  const masked = payload.map((byte, index) => byte ^ (key[index % 4] ?? 0));
  return Buffer.concat([Buffer.from([first, maskBit | short]), length, Buffer.from(key), masked]);
}

const greeting = (): Buffer => frame({ opcode: 1, payload: handshake });
const behindGreeting = (...frames: readonly Buffer[]): Buffer => Buffer.concat([greeting(), ...frames]);
const range = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, n) => first + n);
const hex = (value: number): string => value.toString(16).padStart(2, "0");

function closePayload(code: number, reason: string | Buffer = ""): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(code);
  return Buffer.concat([bytes, Buffer.from(reason)]);
}

/** 5.2: each combination of reserved bits on each opcode that is defined. */
const reservedBits = [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70].flatMap((reserved) =>
  [0, 1, 2, 8, 9, 10].map(
    (opcode): WebSocketVector => ({
      name: `reserved bits ${hex(reserved)} on opcode ${opcode}`,
      section: "5.2",
      bytes: behindGreeting(frame({ opcode, reserved })),
      expected: 1002,
    }),
  ),
);

/** 5.2: opcodes that are not defined, in one piece, in several, with content and without. */
const reservedOpcodes = [...range(3, 7), ...range(11, 15)].flatMap((opcode) =>
  [true, false].flatMap((final) =>
    ["", "content"].map(
      (payload): WebSocketVector => ({
        name: `opcode ${opcode}${final ? "" : ", not final"}${payload === "" ? "" : ", with content"}`,
        section: "5.2",
        bytes: behindGreeting(frame({ opcode, final, payload })),
        expected: 1002,
      }),
    ),
  ),
);

/** 5.1: a client masks every frame. */
const unmasked = [0, 1, 2, 8, 9, 10].flatMap((opcode) =>
  ["", "x", "x".repeat(125)].map(
    (payload): WebSocketVector => ({
      name: `opcode ${opcode} with ${payload.length} bytes and no mask`,
      section: "5.1",
      bytes: behindGreeting(frame({ opcode, payload, mask: "none" })),
      expected: 1002,
    }),
  ),
);

/** 5.5: control frames are whole and short. */
const badControls = [8, 9, 10].flatMap((opcode): WebSocketVector[] => [
  ...["", "xx"].map(
    (payload): WebSocketVector => ({
      name: `control opcode ${opcode} in pieces, ${payload.length} bytes`,
      section: "5.5",
      bytes: behindGreeting(frame({ opcode, payload, final: false })),
      expected: 1002,
    }),
  ),
  ...[126, 127, 1000, 65_535, 65_536].map(
    (size): WebSocketVector => ({
      name: `control opcode ${opcode} of ${size} bytes`,
      section: "5.5",
      bytes: behindGreeting(frame({ opcode, payload: Buffer.alloc(size, 3) })),
      expected: 1002,
    }),
  ),
]);

/** 5.4: a continuation continues something, and nothing new begins inside a message. */
const badFragments = [0, 1, 5, 200].flatMap((size): WebSocketVector[] => {
  const payload = " ".repeat(size);
  return [
    ...[true, false].map(
      (final): WebSocketVector => ({
        name: `a continuation of nothing, ${size} bytes${final ? "" : ", not final"}`,
        section: "5.4",
        bytes: behindGreeting(frame({ opcode: 0, payload, final })),
        expected: 1002,
      }),
    ),
    ...[1, 2].flatMap((begun) =>
      [1, 2].map(
        (opcode): WebSocketVector => ({
          name: `opcode ${opcode} inside a message of opcode ${begun}, ${size} bytes`,
          section: "5.4",
          bytes: behindGreeting(frame({ opcode: begun, payload, final: false }), frame({ opcode, payload })),
          expected: 1002,
        }),
      ),
    ),
  ];
});

const pings = [0, 1, 60, 125].map((size) => frame({ opcode: 9, payload: "p".repeat(size) }));
const pongs = [0, 1, 60, 125].map((size) => frame({ opcode: 10, payload: "p".repeat(size) }));

/** 5.4: a message in two pieces, at every place, alone and with a control frame between them. */
const goodFragments = range(0, handshake.length).flatMap((at) =>
  [undefined, pings[at % 4], pongs[at % 4]].map(
    (between, kind): WebSocketVector => ({
      name: `in two pieces at ${at}${["", ", a ping between", ", a pong between"][kind]}`,
      section: "5.4",
      bytes: Buffer.concat([
        frame({ opcode: 1, payload: handshake.slice(0, at), final: false }),
        ...(between === undefined ? [] : [between]),
        frame({ opcode: 0, payload: handshake.slice(at) }),
      ]),
      expected: "answered",
    }),
  ),
);

/** 5.2 and 5.3: every mask unmasks, and a length in a longer form than needed is still that length. */
const goodFrames = ([7, 16, 64] as const).flatMap((width) =>
  [0, 1, 0x7f, 0x80, 0xff].flatMap((byte) =>
    [1, 2].map(
      (opcode): WebSocketVector => ({
        name: `opcode ${opcode}, mask of ${hex(byte)}, length in ${width} bits`,
        section: width === 7 ? "5.3" : "5.2",
        bytes: frame({ opcode, payload: handshake, mask: [byte, byte ^ 0x55, 0, byte], width }),
        expected: "answered",
      }),
    ),
  ),
);

/** 5.2: the most significant bit of a 64-bit length is 0, and what is too long is refused by its header (10.4). */
const tooLong = [0x00, 0x01, 0x20, 0x7f, 0x80, 0xff].map((top): WebSocketVector => {
  const header = Buffer.from([0x82, 0xff, top, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4]);
  return { name: `a length of ${hex(top)}000001...`, section: "10.4", bytes: behindGreeting(header), expected: 1009 };
});

/** 7.4: codes that may be sent are answered; 5.5.1: a body is empty or begins with a code that may be sent. */
const goodCloses = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 3000, 3999, 4000, 4999].map(
  (code): WebSocketVector => ({
    name: `a Close with ${code}`,
    section: "7.4",
    bytes: behindGreeting(frame({ opcode: 8, payload: closePayload(code, "so long") })),
    // As ASP.NET Core answers each of them (tests/e2e/close-codes.test.ts).
    expected: 1000,
  }),
);
const badCloses = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map(
  (code): WebSocketVector => ({
    name: `a Close with ${code}`,
    section: "7.4",
    bytes: behindGreeting(frame({ opcode: 8, payload: closePayload(code) })),
    expected: 1002,
  }),
);

export const webSocketVectors: readonly WebSocketVector[] = [
  ...reservedBits,
  ...reservedOpcodes,
  ...unmasked,
  ...badControls,
  ...badFragments,
  ...goodFragments,
  ...goodFrames,
  ...tooLong,
  ...goodCloses,
  ...badCloses,
  {
    name: "a Close of one byte",
    section: "5.5.1",
    bytes: behindGreeting(frame({ opcode: 8, payload: "x" })),
    expected: 1002,
  },
  { name: "a Close without a body", section: "5.5.1", bytes: behindGreeting(frame({ opcode: 8 })), expected: 1000 },
];
