export * from '../base/number-formats.ts';
