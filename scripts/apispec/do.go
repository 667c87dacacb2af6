package apispec

import (
	"io"
	"net/http"
)

// Answer is a response that was read whole.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do sends a request and holds it and its answer against the description, as Check does. An answer that is not as described
// comes with the error that says so; without an answer, the status is 0.
func Do(client *http.Client, r *http.Request) (Answer, error) {
	resp, err := client.Do(r)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return Answer{}, err
	}
	return Answer{resp.StatusCode, resp.Header, body}, Check(r, resp.StatusCode, resp.Header, body)
}
