// Package limit decides whether a known user may make one more call now: by the rate of the route, and by the user's
// monthly quota. It refuses to know who the user is, what the call does, and how a client learns of a refusal.
//
// Rates hold for all gateways together. A gateway lets its part of a rate through without asking. Beyond it, auth-service adds up
// what each lets through, and every gateway decides by the sum. The decision itself is a pure function of the clock and one
// number for each user and limit. docs/adr/0033-rates-of-all-gateways.md says why.
//
// Quotas are exact across gateways. The ledger reserves small blocks of calls for a gateway. When a gateway has used up
// its block, it requests another one. Calls that are delivered move from reserved to used. What a dead gateway did not
// use comes back when its reservation ends.
//
// A delivered batch takes all its calls from what is reserved, also those that were let through without a reservation.
// So these calls are delivered before a lease is requested. When a quota is lowered, the gateway gives
// back what it holds of the larger one before another call passes.
package limit
