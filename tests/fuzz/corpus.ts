import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** One input a line, in base64, so that a change of the corpus is readable as a list. */
export function readCorpus(target: string): readonly Buffer[] {
  const file = corpusFile(target);
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => Buffer.from(line, "base64"));
}

/** Without duplicates, the shortest first. */
export function writeCorpus(target: string, inputs: readonly Buffer[]): void {
  const lines = [...new Set(inputs.map((input) => input.toString("base64")))].filter((line) => line !== "");
  lines.sort((left, right) => left.length - right.length || (left < right ? -1 : 1));
  writeFileSync(corpusFile(target), lines.map((line) => `${line}\n`).join(""));
}

function corpusFile(target: string): string {
  return fileURLToPath(new URL(`corpus/${target}.txt`, import.meta.url));
}
