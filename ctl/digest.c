/* digest.c - see digest.h. */
#include "digest.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

EVP_MD_CTX *
digest_begin(void)
{
	EVP_MD_CTX	*c = EVP_MD_CTX_new();

	if (c != NULL && EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1)
		return c;
	EVP_MD_CTX_free(c);
	return NULL;
}

int
digest_end(EVP_MD_CTX *c, char out[MANIFEST_SHA + 1])
{
	unsigned char	sum[EVP_MAX_MD_SIZE];
	unsigned	len = 0;
	int		ok = c != NULL && EVP_DigestFinal_ex(c, sum, &len) == 1;

	EVP_MD_CTX_free(c);
	if (!ok || len * 2 != MANIFEST_SHA)
		return -1;
	for (unsigned i = 0; i < len; i++)
		snprintf(out + 2 * i, 3, "%02x", sum[i]);
	return 0;
}

int
digest_text(const char *p, size_t len, char out[MANIFEST_SHA + 1])
{
	EVP_MD_CTX	*c = digest_begin();

	if (c != NULL)
		EVP_DigestUpdate(c, p, len);
	return digest_end(c, out);
}

int
digest_file(const char *path, uint64_t *size, char out[MANIFEST_SHA + 1])
{
	EVP_MD_CTX	*c = digest_begin();
	char		 buf[65536];
	ssize_t		 n = -1;
	int		 fd;

	*size = 0;
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) >= 0)
		while ((n = read(fd, buf, sizeof(buf))) > 0 && c != NULL) {
			EVP_DigestUpdate(c, buf, (size_t)n);
			*size += (uint64_t)n;
		}
	if (fd >= 0)
		close(fd);
	return digest_end(c, out) < 0 || n < 0 ? -1 : 0;
}
