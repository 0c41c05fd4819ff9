export interface MetricFamily {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly MetricSample[];
}

export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const sampleLine = /^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)$/;
const labelPair = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"/g;

/**
 * Reads the Prometheus text format 0.0.4, as strictly as a scraper: HELP, TYPE, then the samples of one family together,
 * no family and no sample twice. Throws with the line that is wrong. Counters and gauges only.
 */
export function parseMetrics(text: string): ReadonlyMap<string, MetricFamily> {
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  const families = new Map<string, MetricFamily & { samples: MetricSample[] }>();
  const seen = new Set<string>();
  let help: { name: string; text: string } | undefined;
  let current = "";
  for (const line of text.slice(0, -1).split("\n")) {
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment !== null) {
      const [, word, name = "", rest = ""] = comment;
      if (word === "HELP") {
        help = { name, text: rest };
        continue;
      }
      if (help?.name !== name || families.has(name)) throw new Error(`a second family or a TYPE without HELP: ${line}`);
      if (rest !== "counter" && rest !== "gauge") throw new Error(`unknown type: ${line}`);
      families.set(name, { type: rest, help: help.text, samples: [] });
      current = name;
      continue;
    }
    const [, name, labelText = "", value = ""] = sampleLine.exec(line) ?? [];
    if (name === undefined || name !== current) throw new Error(`no sample of ${current}: ${line}`);
    if (Number.isNaN(Number(value))) throw new Error(`no number: ${line}`);
    const series = line.slice(0, line.lastIndexOf(" "));
    if (seen.has(series)) throw new Error(`a sample twice: ${line}`);
    seen.add(series);
    const labels = Object.fromEntries(
      [...labelText.matchAll(labelPair)].map(([, label = "", text = ""]) => [label, text]),
    );
    families.get(current)?.samples.push({ labels, value: Number(value) });
  }
  return families;
}
