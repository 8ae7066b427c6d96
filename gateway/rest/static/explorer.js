"use strict";

const documents = Array.from(document.querySelectorAll('link[rel="service-desc"]'), (link) => ({
  name: link.title,
  url: link.href,
}));

// A document names Portico's public address. The page may have been opened under another one, and neither a
// token nor anything else may leave the host that it came from.
function stayHere(request) {
  const { pathname, search } = new URL(request.url, location.href);
  request.url = location.origin + pathname + search;
  return request;
}

// The library's own logo has a style element in it, which the page's policy refuses. Its other component here
// warns of every schema dialect but one, although it shows JSON Schema 2020-12 as well as that.
const ownParts = ({ React }) => ({
  components: {
    Logo: () => React.createElement("span", null, "Portico"),
    JsonSchemaDialect: () => null,
  },
});

SwaggerUIBundle({
  dom_id: "#explorer",
  urls: documents,
  layout: "StandaloneLayout",
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  plugins: [ownParts],
  requestInterceptor: stayHere,
  validatorUrl: "none",
  deepLinking: true,
  displayRequestDuration: true,
});
