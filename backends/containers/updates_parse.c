/* updates_parse.c: names of images, digests, and the lines of the file with news. Pure.
 *
 * Source: Docker Engine API v1.41, "Images > Inspect an image" (RepoDigests) and "Distribution >
 * Get image information from the registry" (Descriptor.digest). "Containers > Inspect a container"
 * has Image and Config.Image. Digests: OCI image-spec, descriptor.md, "Digests". */
#include "backends/containers/updates.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/buf.h"
#include "backends/base/json.h"
#include "backends/base/number.h"
#include "backends/base/wash.h"

#define DIGEST_PREFIX "sha256:"

/* A digest is sent and compared, so anything else is refused. */
static bool digest_is(const char *s)
{
	size_t n = strlen(DIGEST_PREFIX);
	if (!s || strncmp(s, DIGEST_PREFIX, n) != 0)
		return false;
	return strspn(s + n, "0123456789abcdef") == 64 && strlen(s) == n + 64;
}

const char *digest_short(char buf[24], const char *digest)
{
	snprintf(buf, 24, "%.19s", digest);
	return buf;
}

bool image_has_tag(const char *image)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:";
	if (!image || !isalnum((unsigned char)*image) || strlen(image) >= IMAGE_NAME_SIZE)
		return false;
	size_t n = strspn(image, "0123456789abcdef");
	bool is_id = n >= 12 && !image[n];
	if (is_id || strncmp(image, DIGEST_PREFIX, strlen(DIGEST_PREFIX)) == 0)
		return false;
	/* "..", "//": no name has these, and they would change the path of the request */
	return strspn(image, allowed) == strlen(image) && !strstr(image, "..") &&
	       !strstr(image, "//");
}

bool image_digests_parse(struct image_digests *d, const char *json, size_t len, struct err *err)
{
	*d = (struct image_digests){ 0 };
	cJSON *root = json_parse(json, len);
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, "RepoDigests"), *item;
	if (!cJSON_IsString(cJSON_GetObjectItemCaseSensitive(root, "Id"))) {
		cJSON_Delete(root);
		return err_set(err, ERR_GARBLED,
		               "its answer about an image cannot be understood");
	}
	cJSON_ArrayForEach (item, list) {
		const char *text = cJSON_GetStringValue(item);
		const char *at = text ? strchr(text, '@') : NULL;
		bool fits = at && strlen(text) < IMAGE_NAME_SIZE && d->n < DIGESTS_MAX;
		if (fits && digest_is(at + 1))
			wash(d->of[d->n++], IMAGE_NAME_SIZE, text, strlen(text));
	}
	cJSON_Delete(root);
	return true;
}

const char *image_digest_of(const struct image_digests *d, const char *image)
{
	/* Length of the name without its tag. The port of a registry also follows a colon. */
	const char *slash = strrchr(image, '/');
	const char *colon = strchr(slash ? slash : image, ':');
	size_t n = colon ? (size_t)(colon - image) : strlen(image);
	for (size_t i = 0; i < d->n; i++)
		if (strncmp(d->of[i], image, n) == 0 && d->of[i][n] == '@')
			return d->of[i] + n + 1;
	return d->n ? strchr(d->of[0], '@') + 1 : "";
}

bool image_digests_have(const struct image_digests *d, const char *digest)
{
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(strchr(d->of[i], '@') + 1, digest) == 0)
			return true;
	return false;
}

bool registry_digest_parse(char digest[DIGEST_SIZE], const char *json, size_t len, struct err *err)
{
	cJSON *root = json_parse(json, len);
	const cJSON *descriptor = cJSON_GetObjectItemCaseSensitive(root, "Descriptor");
	const char *text = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(descriptor, "digest"));
	bool good = digest_is(text);
	snprintf(digest, DIGEST_SIZE, "%s", good ? text : "");
	cJSON_Delete(root);
	if (!good)
		err_set(err, ERR_GARBLED, "its answer about a registry has no digest");
	return good;
}

bool container_image_parse(char image[IMAGE_NAME_SIZE], char id[DIGEST_SIZE], const char *json,
                           size_t len, struct err *err)
{
	cJSON *root = json_parse(json, len);
	const cJSON *config = cJSON_GetObjectItemCaseSensitive(root, "Config");
	const char *of = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, "Image"));
	vj_text(config, "Image", NULL, image, IMAGE_NAME_SIZE);
	if (!of)
		of = "";
	bool bare = strlen(of) == 64; /* Podman's libpod form */
	snprintf(id, DIGEST_SIZE, "%s%s", bare ? DIGEST_PREFIX : "", of);
	cJSON_Delete(root);
	if (!*image || !digest_is(id))
		return err_set(err, ERR_GARBLED,
		               "its answer about a container does not name its image");
	return true;
}

/* --- the file ------------------------------------------------------------- */

enum { COLUMN_PLACE, COLUMN_ASKED, COLUMN_IMAGE, COLUMN_ID, COLUMN_DIGEST, COLUMN_REGISTRY,
       COLUMN_CURRENT, COLUMN_WHY, COLUMNS };

bool image_news_read(struct image_news *news, char *place, size_t size, const char *line,
                     size_t len)
{
	char text[COLUMNS][IMAGE_NAME_SIZE] = { "" };
	size_t n = 0;
	*news = (struct image_news){ 0 };
	for (const char *p = line, *end = line + len; n < COLUMNS; n++) {
		const char *tab = memchr(p, '\t', (size_t)(end - p)), *stop = tab ? tab : end;
		wash(text[n], IMAGE_NAME_SIZE, p, (size_t)(stop - p));
		if (!tab) {
			n++;
			break;
		}
		p = tab + 1;
	}
	if (n != COLUMNS || !image_has_tag(text[COLUMN_IMAGE]) || !digest_is(text[COLUMN_ID]))
		return false;
	if (*text[COLUMN_DIGEST] && !digest_is(text[COLUMN_DIGEST]))
		return false;
	if (*text[COLUMN_REGISTRY] && !digest_is(text[COLUMN_REGISTRY]))
		return false;
	news->asked_ms = number_long(text[COLUMN_ASKED]);
	news->current = strcmp(text[COLUMN_CURRENT], "current") == 0;
	snprintf(place, size, "%s", text[COLUMN_PLACE]);
	snprintf(news->image, sizeof(news->image), "%s", text[COLUMN_IMAGE]);
	snprintf(news->id, sizeof(news->id), "%.79s", text[COLUMN_ID]);
	snprintf(news->digest, sizeof(news->digest), "%.79s", text[COLUMN_DIGEST]);
	snprintf(news->registry, sizeof(news->registry), "%.79s", text[COLUMN_REGISTRY]);
	wash(news->why, sizeof(news->why), text[COLUMN_WHY], strlen(text[COLUMN_WHY]));
	return news->asked_ms > 0;
}

void image_news_write(const struct image_news *news, const char *place, struct buf *out)
{
	buf_addf(out, "%s\t%lld\t%s\t%s\t%s\t%s\t%s\t%s", place, (long long)news->asked_ms,
	         news->image, news->id, news->digest, news->registry,
	         news->current ? "current" : "-", news->why);
}
