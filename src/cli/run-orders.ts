/** The orders in which runs are listed. */
export const RUN_ORDERS = ['begun', 'accuracy', 'name'] as const;
