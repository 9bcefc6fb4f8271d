// Package forward carries requests to upstreams and answers back: it chooses a replica, keeps connections, streams
// bodies in both directions, finds dead replicas and resends what they can no longer answer.
//
// It refuses to know who the user is and what is counted; it is told which fields to add. What it cannot deliver it
// returns as one of its errors, as long as nothing has been sent to the client.
package forward
