/** `keras/src/utils/naming.py`, `to_snake_case`. */
function snakeCase(name: string): string {
  return name
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

/**
 * The names that Keras 3 gives to the groups of a list of layers: each is named after its class and numbered
 * among those of its class (`keras/src/saving/saving_lib.py`, `_save_container_state`).
 */
export function groupNames(classes: readonly string[]): string[] {
  const counts = new Map<string, number>();
  return classes.map((className) => {
    const stem = snakeCase(className);
    const count = counts.get(stem) ?? 0;
    counts.set(stem, count + 1);
    return count === 0 ? stem : `${stem}_${count}`;
  });
}
