/* updates.h: newer images of running containers, as the registry has them.
 *
 * The server's engine asks the registry (GET /distribution/NAME/json), so its proxies, mirrors and
 * insecure registries count. The answer is the digest of the tag. It is compared with the digests
 * that the engine keeps of the image in use (RepoDigests). An answer counts for hours, also for the
 * next console: registries limit how often they may be asked.
 *
 * Source: Docker Engine API v1.41, "Distribution > Get image information from the registry",
 * "Images > Inspect an image". Seen on Docker 20.10 with the registry of Debian 12. */
#ifndef CONTAINERS_UPDATES_H
#define CONTAINERS_UPDATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/err.h"
#include "backends/store/action.h"

/* --- pure ----------------------------------------------------------------- */

#define DIGEST_SIZE 80 /* "sha256:" and 64 digits */
#define DIGESTS_MAX 16
#define IMAGE_NAME_SIZE 256

/* Is this the name of a tag that a registry can be asked about? False: a digest, an id, or
 * characters that no name has. */
bool image_has_tag(const char *image);
/* "sha256:1b8db4443425", the form that docker shows. Returns buf. */
const char *digest_short(char buf[24], const char *digest);

/* The digests that an image is known by in registries: "REPOSITORY@sha256:...". */
struct image_digests {
	char of[DIGESTS_MAX][IMAGE_NAME_SIZE];
	size_t n;
};
/* Of GET /images/ID/json. False and err: not such an answer. */
bool image_digests_parse(struct image_digests *, const char *json, size_t len, struct err *);
/* The digest for the repository of the tag; of another repository if that has none; "" none: the
 * image was built there. */
const char *image_digest_of(const struct image_digests *, const char *image);
bool image_digests_have(const struct image_digests *, const char *digest);
/* Of GET /distribution/NAME/json. False and err: not such an answer. */
bool registry_digest_parse(char digest[DIGEST_SIZE], const char *json, size_t len, struct err *);
/* Of GET /containers/ID/json: the name that the container was made with, and the id of its image.
 */
bool container_image_parse(char image[IMAGE_NAME_SIZE], char id[DIGEST_SIZE], const char *json,
                           size_t len, struct err *);

/* What is known of one image in use. */
struct image_news {
	char image[IMAGE_NAME_SIZE]; /* "nginx:1.27" */
	char id[DIGEST_SIZE];        /* of the image in use */
	char digest[DIGEST_SIZE];    /* of the image in use; "" unknown */
	char registry[DIGEST_SIZE];  /* what the registry has for the tag; "" unknown */
	bool current;                /* the registry has what is in use */
	char why[200];               /* why the registry's answer is unknown; "" */
	int64_t asked_ms;            /* wall clock: when the registry was asked */
};
/* One line of the file with news, without a newline. False: not such a line. place: "SERVER ENGINE"
 * of the line. */
bool image_news_read(struct image_news *, char *place, size_t size, const char *line, size_t len);
void image_news_write(const struct image_news *, const char *place, struct buf *);

/* --- asking --------------------------------------------------------------- */

struct ctr;
struct engine;
struct updates;

/* From the link's coming up to the first question, ms: not while all else is asked. Tests shorten
 * it. */
extern int64_t updates_first_ms;
extern int64_t updates_gap_ms; /* between two questions to registries */
void updates_up(struct engine *);   /* connected: reads the file */
void updates_down(struct engine *); /* ends the running question */
void updates_free(struct engine *);
/* Copies what is known of its image into the row. */
void updates_apply(struct ctr *);
/* Rows changed, or an order wants an answer: starts the next question if one is due. */
void updates_poll(struct engine *);
/* Feeds one line of news from an answer or a recording. */
void updates_feed(struct engine *, const char *line, size_t len);

/* The action "check": asks the registry now, at most once a minute for an image. */
bool updates_can(const struct row *);
void updates_command(const struct row *, char *buf, size_t size);
void updates_run(struct order *);

#endif
