/** By code unit: any order will do for locks, as long as it is everybody's. */
export function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
