// Package limit says whether a known user may make one more call now: by the rate of the route, and by the user's
// monthly quota. It refuses to know who the user is and what the call does.
//
// Rates are kept in this gateway's memory: with several replicas, each lets the whole rate through. Rates.Allow is the
// one place to change for a limit that replicas share; the decision itself is a pure function of the clock and one
// number for each user and route.
//
// Quotas are exact across replicas. The ledger reserves calls for a gateway in small blocks, and a block is all that a
// gateway lets through before it asks again. Calls that are delivered move from reserved to used, and what a dead
// replica did not use comes back when its reservation ends. A batch takes all its calls from what is reserved, also those
// that were let through without a reservation, so the ledger is not asked before these are delivered. When a quota
// falls, what is held of the larger one is given back before anybody else passes.
package limit
