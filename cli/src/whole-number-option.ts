import { InvalidArgumentError } from 'commander';

/** Reads a whole number between two bounds, both included; anything else is a usage error that says so. */
export function wholeNumberOption({ min, max }: { min: number; max: number }): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`expected a whole number between ${min} and ${max}`);
  };
}
