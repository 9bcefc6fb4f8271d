// Command goclient is a client that is generated from the gateway's OpenAPI description. It signs in, makes a call, and prints what it has used.
//
//	curl -sO http://localhost:8000/openapi.json
//	go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 -config oapi-codegen.yaml openapi.json
//	TALLYGATE_PASSWORD=... go run . http://localhost:8000 NAME
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: TALLYGATE_PASSWORD=... go run . URL NAME")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1], os.Args[2], os.Getenv("TALLYGATE_PASSWORD")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, url, name, password string) error {
	client, err := NewClientWithResponses(url)
	if err != nil {
		return err
	}
	signedIn, err := client.SignInWithResponse(ctx, SignInJSONRequestBody{Username: name, Password: password})
	switch {
	case err != nil:
		return err
	case signedIn.ApplicationproblemJSON401 != nil:
		return errors.New(signedIn.ApplicationproblemJSON401.Message)
	case signedIn.JSON200 == nil:
		return fmt.Errorf("sign in: %s %s", signedIn.Status(), signedIn.Body)
	}
	withToken := func(_ context.Context, req *http.Request) error {
		req.Header.Set("Authorization", "Bearer "+signedIn.JSON200.Token)
		return nil
	}
	root, err := client.ComputeRootWithResponse(ctx, &ComputeRootParams{Number: 9, N: 0.5}, withToken)
	if err != nil {
		return err
	}
	if root.JSON200 == nil {
		return fmt.Errorf("root: %s %s", root.Status(), root.Body)
	}
	usage, err := client.ReadUsageWithResponse(ctx, &ReadUsageParams{}, withToken)
	if err != nil {
		return err
	}
	if usage.JSON200 == nil {
		return fmt.Errorf("usage: %s %s", usage.Status(), usage.Body)
	}
	fmt.Printf("root %v\nrequests %d\n", root.JSON200.Root, usage.JSON200.Total.Requests)
	return nil
}
