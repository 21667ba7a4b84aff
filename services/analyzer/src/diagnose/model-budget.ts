/** What a call may cost at most, or did cost. */
export interface Cost {
  readonly tokens: number;
  readonly dollars: number;
}

/** What calls that were made on one day came to. */
export interface DaySpending extends Cost {
  readonly calls: number;
}

export const budgetWindows = ['minute', 'hour', 'day', 'incident'] as const;
export type BudgetWindow = (typeof budgetWindows)[number];

export interface BudgetLimit {
  readonly calls: number;
  readonly tokens: number;
  readonly dollars: number;
}
export type BudgetLimits = Readonly<Record<BudgetWindow, BudgetLimit>>;

export type Reservation =
  | { readonly kind: 'reserved'; settle(cost: Cost | undefined): Promise<void> }
  /** Over budget, with when there is room again; never for an incident's own budget. */
  | { readonly kind: 'refused'; readonly window: BudgetWindow; readonly roomAtMs: number | undefined }
  | { readonly kind: 'switchedOff' }
  | { readonly kind: 'unknown' };

/** Money that all processes share: the worst case is reserved before a call and settled after it. */
export interface ModelBudget {
  /** @param floor what the database says was spent on that UTC day */
  reserve(
    incidentId: string,
    worst: Cost,
    floor: { readonly day: string; readonly dollars: number },
  ): Promise<Reservation>;
}
