/** A function of two small whole numbers that works each value out once. */
export function remembered<Value>(
  make: (row: number, column: number) => Value,
): (row: number, column: number) => Value {
  const rows: Value[][] = [];
  return (row, column) => {
    let values = rows[row];
    if (values === undefined) {
      values = [];
      rows[row] = values;
    }
    let value = values[column];
    if (value === undefined) {
      value = make(row, column);
      values[column] = value;
    }
    return value;
  };
}
