package edge

import (
	"bytes"
	"strings"

	"tallygate/kit/apikey"
	"tallygate/kit/ticket"
)

// Browsers cannot set Authorization for WebSockets, event streams, images and downloads. On routes that need a token they
// may send a ticket in the query instead, or, to open a WebSocket, the token among the names of subprotocols. Neither goes
// on to an upstream. docs/adr/0018-tickets.md says why.
const (
	ticketParameter = "ticket="
	// protocolToken and a token are a subprotocol.
	protocolToken = "tallygate.token."
	// protocolName is a subprotocol for clients to offer too: the gateway can choose it without repeating the token.
	protocolName = "tallygate"
)

// fromBrowser takes from the request what stands for an Authorization field. sent are those fields. What is taken is
// returned with them, so that two credentials are refused as two fields are. A ticket that may be used is returned by itself.
// protocols: the request has a field Sec-WebSocket-Protocol.
func (k *call) fromBrowser(sent []string, protocols bool) (all []string, ticketSent string) {
	r := &k.request
	if protocols {
		if tokens := k.takeProtocols(); len(sent) > 0 || r.WebSocket && k.route.WebSocket {
			sent = append(sent, tokens...)
		}
	}
	tickets := r.TakeParameters(ticketParameter + ticket.Prefix)
	switch {
	case len(sent) == 0 && len(tickets) == 1 && k.takesTickets():
		return nil, strings.TrimPrefix(tickets[0], ticketParameter)
	case len(sent) == 0 && len(tickets) == 0 && r.HasParameter(ticketParameter):
		return nil, "malformed" // and perhaps an access token, which must not be accepted from a URL
	}
	return append(sent, tickets...), ""
}

// takesTickets: a ticket that has leaked changes nothing, and does nothing to the account.
func (k *call) takesTickets() bool {
	method := string(k.request.Method)
	return !k.route.NoTickets && (method == "GET" || method == "HEAD")
}

// takeProtocols takes the tokens from the subprotocols that the client offers. The client has to learn which one was chosen:
// browsers close a WebSocket without. If the upstream chooses none, it is one of those that were taken.
func (k *call) takeProtocols() (tokens []string) {
	names := k.request.TakeProtocols(func(name []byte) bool { return bytes.HasPrefix(name, []byte(protocolToken)) })
	if len(names) == 0 {
		return nil
	}
	k.protocol = names[0]
	if marks := k.request.TakeProtocols(func(name []byte) bool { return string(name) == protocolName }); len(marks) > 0 {
		k.protocol = protocolName
	}
	for _, name := range names {
		one := strings.TrimPrefix(name, protocolToken)
		if apikey.Claims(one) { // scripts can send fields, and pages should have no key
			one = "malformed"
		}
		tokens = append(tokens, one)
	}
	return tokens
}

// checkTicket verifies whose request it is by a ticket.
func (s *Server) checkTicket(k *call, raw string) error {
	who, token, err := s.cfg.Check.Ticket(s.base, raw, k.request.HasPath)
	if err != nil {
		return err
	}
	k.who = who
	if err := k.who.Require(k.route.Roles); err != nil {
		return err
	}
	k.bearer = "Bearer " + token
	k.keepPrivate()
	return nil
}
