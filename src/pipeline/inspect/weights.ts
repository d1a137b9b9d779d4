/** The use cases of `vggtune weights` and of `describe` on a weights file. */
export { describeWeights, type WeightsDescription } from '../../weights/describe.ts';
export type { FetchOptions } from '../../weights/fetch.ts';
export {
  fetchByName as fetchWeights,
  importWeights,
  type ListedSource,
  listWeights,
  type Verified,
  verifyWeights,
  weightsPath,
} from '../../weights/manage.ts';
export type { WeightsCheck } from '../../weights/verify.ts';
