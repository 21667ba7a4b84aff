/** The services of the shop and what runs of them. */
export const shopServices = ['gateway', 'checkout', 'inventory', 'pricing', 'payments', 'shipping'] as const;
export type ShopService = (typeof shopServices)[number];

/** pricing is deployed while the shop runs: the release that brings its fault. */
export const pricingReleases = { before: '2.3.9', after: '2.4.0' } as const;

export const releases: Readonly<Record<Exclude<ShopService, 'pricing'>, string>> = {
  gateway: '5.12.0',
  checkout: '3.8.2',
  inventory: '1.19.4',
  payments: '4.1.0',
  shipping: '2.0.7',
};
