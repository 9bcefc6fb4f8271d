// Package limit decides whether a known user may make one more call now: by the rates of the route and of the user's plan, and
// by the quotas of the user's month and day and of the API key. It refuses to know who the user is, what the call does, and how
// a client learns of a refusal.
//
// Rates hold for all gateways together. A gateway lets its part of a rate through without asking. Beyond it, auth-service adds up
// what each lets through, and every gateway decides by the sum. The decision itself is a pure function of the clock and one
// number for each user and limit. docs/adr/0033-rates-of-all-gateways.md says why.
//
// Quotas are exact across gateways, in units. The ledger reserves small blocks of units for a gateway: its share. When a gateway
// has used up its block, it requests another one. Calls that are delivered move from reserved to used. What a dead gateway did
// not use comes back when its reservation ends. A call takes its cost from all of its shares at once, or from none.
//
// A delivered batch takes all its calls from what is reserved, also those that were let through without a reservation: before
// there was a quota, while the ledger was unreachable, or because their cost was announced when it was too late to refuse them.
// After such a call the share starts over: all is delivered, then all that is reserved is given back, and another block is
// requested. When a quota is lowered, the gateway gives back what it holds of the larger one before another call passes.
package limit
