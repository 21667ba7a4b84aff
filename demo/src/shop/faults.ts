import type { ExceptionInfo } from '@prodsentinel/contracts';
import type { Random } from './random.ts';
import type { ShopService } from './services.ts';

export const faultNames = [
  'pool_dry',
  'null_dereference',
  'provider_timeout',
  'certificate_expired',
] as const;
export type FaultName = (typeof faultNames)[number];

/** Something that is wrong in the shop, where it truly is. */
export interface Fault {
  readonly name: FaultName;
  /** In words, for whoever watches the demo. */
  readonly description: string;
  /** Where the cause lies; the symptom shows in whoever called it. */
  readonly service: ShopService;
  /** What a title or root cause says that has found it. */
  readonly recognisedBy: RegExp;
  /** What the faulty service logs; details vary from one request to the next. */
  readonly happen: (random: Random) => { readonly message: string; readonly exception: ExceptionInfo };
  /** The status its caller gets. */
  readonly answers: number;
}

export const faults: Readonly<Record<FaultName, Fault>> = {
  pool_dry: {
    name: 'pool_dry',
    description: "inventory's database pool runs dry",
    service: 'inventory',
    recognisedBy: /pool/i,
    answers: 500,
    happen: (random) => {
      const waiting = random.whole(11, 64);
      const sku = `SKU-${random.whole(10_000, 99_999)}`;
      const message = `timed out after 5000 ms waiting for a connection to inventory-db (pool size 20, in use 20, waiting ${waiting})`;
      return {
        message: `could not reserve ${sku} x${random.whole(1, 4)}: ${message}`,
        exception: exceptionOf('PoolExhaustedError', message, [
          'ConnectionPool.acquire (/app/node_modules/tarn-pool/lib/pool.js:214:15)',
          `StockRepository.reserve (/app/src/stock/stock-repository.js:${random.whole(58, 61)}:32)`,
          'ReservationService.reserve (/app/src/reservation/reservation-service.js:41:24)',
          'POST /reservations (/app/src/http/reservations.js:19:5)',
        ]),
      };
    },
  },
  null_dereference: {
    name: 'null_dereference',
    description: 'pricing 2.4.0 reads a discount that is not there',
    service: 'pricing',
    recognisedBy: /undefined|null|TypeError|'amount'/i,
    answers: 500,
    happen: (random) => {
      const message = "Cannot read properties of undefined (reading 'amount')";
      return {
        message: `quote for cart ${random.hex(6)} failed: ${message}`,
        exception: exceptionOf('TypeError', message, [
          'applyDiscount (/app/src/discounts/apply-discount.js:27:41)',
          'Array.reduce (<anonymous>)',
          'quote (/app/src/quotes/quote.js:63:28)',
          'POST /quotes (/app/src/http/quotes.js:14:17)',
        ]),
      };
    },
  },
  provider_timeout: {
    name: 'provider_timeout',
    description: 'the payment provider does not answer payments in time',
    service: 'payments',
    recognisedBy: /ETIMEDOUT|time[sd]?[ -]?out|did not answer|too slow/i,
    answers: 504,
    happen: (random) => {
      const waitedMs = random.whole(10_000, 10_040);
      const message = `connect ETIMEDOUT 203.0.113.${random.whole(10, 29)}:443`;
      return {
        message: `charge ch_${random.hex(8)} of ${random.whole(5, 900)}.${random.whole(10, 99)} EUR failed after ${waitedMs} ms: psp.example did not answer (ETIMEDOUT)`,
        exception: exceptionOf('ProviderTimeoutError', message, [
          'PspClient.charge (/app/src/provider/psp-client.js:88:11)',
          'chargeCard (/app/src/charges/charge-card.js:35:20)',
          'POST /charges (/app/src/http/charges.js:22:9)',
        ]),
      };
    },
  },
  certificate_expired: {
    name: 'certificate_expired',
    description: 'the certificate of carrier.example, which shipping calls, has expired',
    service: 'shipping',
    recognisedBy: /certificate|CERT_HAS_EXPIRED/i,
    answers: 502,
    happen: (random) => {
      const parcel = `PX${random.whole(100_000_000, 999_999_999)}`;
      return {
        message: `label for parcel ${parcel} failed: request to https://carrier.example/v2/labels failed: certificate has expired (CERT_HAS_EXPIRED)`,
        exception: exceptionOf('Error', 'certificate has expired, code: CERT_HAS_EXPIRED', [
          'TLSSocket.onConnectSecure (node:_tls_wrap:1679:34)',
          'TLSSocket.emit (node:events:524:28)',
          'CarrierClient.createLabel (/app/src/carrier/carrier-client.js:52:16)',
          'bookParcel (/app/src/parcels/book-parcel.js:30:22)',
        ]),
      };
    },
  },
};

function exceptionOf(type: string, message: string, frames: readonly string[]): ExceptionInfo {
  const stack = [`${type}: ${message}`, ...frames.map((frame) => `    at ${frame}`)].join('\n');
  return { type, message, stack, causes: [] };
}
