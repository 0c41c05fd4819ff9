import { OddsBook } from "./odds-book.ts";

const towns = [
  ..."Ashford Barrow Calder Dunmore Eastleigh Farrow Glenmore Harwich Ilford Jarrow".split(" "),
  ..."Kilburn Larkhall Marlow Northgate Oakham Penrith Quorn Redcar Selby Tilbury".split(" "),
  ..."Ulverston Ventnor Whitby Yarmouth Alnwick Bexley Corby Dorking Evesham Fleet".split(" "),
  ..."Goole Hexham Inverness Keswick Ludlow Malton Newquay Oban Paisley Ripon".split(" "),
] as const;

const suffixes = ["United", "City", "Rovers", "Athletic", "Town", "Wanderers", "Albion", "County"] as const;

export const eventCount = towns.length;

/** Forty matches, most popular first. */
export function createFixtures(): readonly OddsBook[] {
  return towns.map((_, index) => new OddsBook(`match-${1000 + index}`, team(index, 0), team(index + 17, 3)));
}

/**
 * How popular the event at this place is, relative to others: a few matches have most of the viewers, and most of the
 * price changes.
 */
export function popularity(index: number): number {
  return 1 / (index + 5);
}

/** Picks an index below `eventCount` by popularity. */
export function pickEventIndex(): number {
  let rest = Math.random() * totalPopularity;
  for (let index = 0; index < eventCount; index += 1) {
    rest -= popularity(index);
    if (rest < 0) return index;
  }
  return eventCount - 1;
}

const totalPopularity = towns.reduce((total, _, index) => total + popularity(index), 0);

function team(index: number, shift: number): string {
  return `${towns[index % towns.length]} ${suffixes[(index * 3 + shift) % suffixes.length]}`;
}
