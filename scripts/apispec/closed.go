package apispec

import (
	"encoding/json"
	"strings"
)

type object = map[string]any

// closed gives a description whose answers have no other fields than it says. Clients must bear fields that are added
// later, so the file itself does not say so.
func closed(text []byte) ([]byte, error) {
	var doc object
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	for _, calls := range doc["paths"].(object) {
		for _, call := range calls.(object) {
			closeAnswers(call.(object)["responses"].(object))
		}
	}
	components := doc["components"].(object)
	closeAnswers(components["responses"].(object))
	for name, schema := range components["schemas"].(object) {
		if !strings.HasSuffix(name, "Request") {
			closeParts(schema.(object))
		}
	}
	return json.Marshal(doc)
}

func closeAnswers(responses object) {
	for _, r := range responses {
		content, _ := r.(object)["content"].(object)
		for _, media := range content {
			m := media.(object)
			m["schema"] = closeWhole(m["schema"].(object))
		}
	}
}

// closeWhole closes a schema that is used for itself, not as a part of another.
func closeWhole(schema object) object {
	closeParts(schema)
	if _, open := schema["additionalProperties"]; open {
		return schema
	}
	if _, isRef := schema["$ref"]; isRef {
		schema = object{"allOf": []any{schema}}
	}
	schema["unevaluatedProperties"] = false
	return schema
}

// closeParts closes what is below a schema.
func closeParts(schema object) {
	properties, _ := schema["properties"].(object)
	for name, property := range properties {
		properties[name] = closeWhole(property.(object))
	}
	if items, ok := schema["items"].(object); ok {
		schema["items"] = closeWhole(items)
	}
	alternatives, _ := schema["oneOf"].([]any)
	for i := range alternatives {
		alternatives[i] = closeWhole(alternatives[i].(object))
	}
	parts, _ := schema["allOf"].([]any)
	for _, part := range parts {
		closeParts(part.(object))
	}
}
