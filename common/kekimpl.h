/* kekimpl.h - a kind of node key: a row of the table in kek.c. */
#ifndef QKD_KEKIMPL_H
#define QKD_KEKIMPL_H

#include "kek.h"

struct kek_kind {
	const char	*prefix;	/* of node_key */
	const char	*(*check)(const char *spec);
	void		(*admit)(const char *spec);
	/* Logs what is wrong. */
	int		(*open)(struct kek *, const char *spec);
	int		(*wrap)(struct kek *, uint8_t out[KEK_WRAPPED],
			    const uint8_t key[SEAL_KEY], const void *aad,
			    size_t aadlen);
	int		(*unwrap)(struct kek *, uint8_t key[SEAL_KEY],
			    const uint8_t in[KEK_WRAPPED], const void *aad,
			    size_t aadlen);
	void		(*close)(struct kek *);
};

struct token;

struct kek {
	const struct kek_kind	*kind;
	char			 spec[KEK_SPEC_MAX];
	struct sealer		*sealer;	/* not of a token */
	uint8_t			*octets;	/* locked; NULL: not known */
	struct token		*token;		/* kektoken.c */
};

/* In kektoken.c, of the row "pkcs11:". */
const char *kektoken_check(const char *spec);
void	kektoken_admit(const char *spec);
int	kektoken_open(struct kek *, const char *spec);
int	kektoken_wrap(struct kek *, uint8_t out[KEK_WRAPPED],
	    const uint8_t key[SEAL_KEY], const void *aad, size_t aadlen);
int	kektoken_unwrap(struct kek *, uint8_t key[SEAL_KEY],
	    const uint8_t in[KEK_WRAPPED], const void *aad, size_t aadlen);
void	kektoken_close(struct kek *);

#endif
