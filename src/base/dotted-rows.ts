/** The values of groups within each other by their dotted keys, in the order in which they stand; lists are values. */
export function dottedRows(group: object, prefix = ''): [key: string, value: unknown][] {
  return Object.entries(group).flatMap(([key, value]): [string, unknown][] => {
    const path = prefix + key;
    const isGroup = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isGroup ? dottedRows(value, `${path}.`) : [[path, value]];
  });
}
