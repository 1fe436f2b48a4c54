/* url.h: splits an http:// or https:// address into an endpoint and a path with its query. */
#ifndef LINK_URL_H
#define LINK_URL_H

#include <stdbool.h>
#include <stddef.h>

struct endpoint;

#define URL_HOST_SIZE 256

/* Reads "https://host:8443/path?query". endpoint gets host, port and tls, and borrows host (size
 * bytes). *path is "/path?query" without the fragment; the caller frees it. False, and *path NULL:
 * not http or https, an invalid port, a user name or password, or a byte that no URL has (RFC 3986
 * 2). */
bool url_read(const char *url, struct endpoint *endpoint, char *host, size_t size, char **path);

#endif
