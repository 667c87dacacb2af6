// Which address shows which page, and what one must be allowed for it.

import { Activity } from '../components/eventlist.js';
import { nameOf } from '../instances.js';
import { t } from '../words.js';
import { Account } from './account.js';
import { Create } from './create.js';
import { Find } from './find.js';
import { Instance } from './instance.js';
import { List } from './list.js';
import { Tokens } from './tokens.js';
import { Users } from './users.js';

/** pages gives the page of an address: `['instances', 'shop', 'usage']`. */
export function pages([first = 'instances', second]) {
	if (first === 'instances' && second) return { component: Instance, title: nameOf(second), needs: 'instances.view' };
	const page = {
		instances: [List, 'instances.view'],
		new: [Create, 'instances.create'],
		find: [Find, 'instances.create'],
		activity: [Activity, 'instances.view'],
		users: [Users, '*'],
		tokens: [Tokens, '*'],
		account: [Account, null],
	};
	const name = Object.hasOwn(page, first) ? first : 'instances';
	return { component: page[name][0], title: t(`nav.${name}`), needs: page[name][1] };
}
