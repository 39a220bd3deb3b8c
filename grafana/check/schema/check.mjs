// Holds the dashboards against JSON Schema made of the types of Grafana's own SDK: `make
// dashboards-schema` runs this.
//
// Two layers that the round trip of sdk.py does not have: the types of values and what is required,
// in the whole dashboard; and the words that an option of a panel, or a property of an override, may
// be. What each type of panel may hold is put together in types.ts. The check proves itself first:
// every fault that is planted into a copy must be found.

import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { createGenerator } from 'ts-json-schema-generator';

const here = new URL('.', import.meta.url);
const dashboards = new URL('../../dashboards/', here);

// Our names for the types of panel in types.ts.
const KINDS = {
    'bargauge': 'BarGauge',
    'stat': 'Stat',
    'state-timeline': 'StateTimeline',
    'table': 'Table',
    'timeseries': 'TimeSeries',
};

const ajv = schemas();

function schemas() {
    const path = (name) => fileURLToPath(new URL(name, here));
    const generator = createGenerator({
        path: path('types.ts'),
        tsconfig: path('tsconfig.json'),
        expose: 'none',
        topRef: false,
        additionalProperties: false,
    });
    const made = new Ajv({ allErrors: true, allowUnionTypes: true });
    const names = Object.values(KINDS).flatMap((kind) => [`${kind}Panel`, `${kind}Field`]);
    for (const name of ['Frame', ...names]) {
        made.addSchema(generator.createSchema(name), name);
    }
    return made;
}

/** What is wrong with one dashboard, a line each. */
function findings(dashboard) {
    const { panels, ...frame } = dashboard;
    return [
        ...against('Frame', frame, '$'),
        ...panels.flatMap((each, place) => ofPanel(each, `$.panels[${place}]`)),
    ];
}

function ofPanel(panel, path) {
    const kind = KINDS[panel.type];
    if (kind === undefined) {
        return [`${path}: a panel of type ${panel.type} is not described in types.ts`];
    }
    const properties = (panel.fieldConfig?.overrides ?? []).flatMap((each) => each.properties);
    return [
        ...against(`${kind}Panel`, panel, path),
        ...properties.flatMap((property) => ofOverride(kind, property, path)),
    ];
}

/** The SDK knows nothing of an override but that it has an id: it changes what a field has. */
function ofOverride(kind, { id, value }, path) {
    const place = id.split('.').map((part) => `/properties/${part}`).join('');
    const what = `${path}, override of ${id}`;
    return ajv.getSchema(`${kind}Field#${place}`) === undefined
        ? [`${what}: a field has no such property`]
        : against(`${kind}Field#${place}`, value, what);
}

function against(schema, value, path) {
    const validate = ajv.getSchema(schema);
    validate(value);
    return (validate.errors ?? []).map(({ instancePath, message, params }) => {
        const about = params.additionalProperty ?? params.allowedValues?.join(', ');
        const at = instancePath.replace(/\/(\d+)/g, '[$1]').replaceAll('/', '.');
        return `${path}${at} ${message}${about === undefined ? '' : `: ${about}`}`;
    });
}

const panel = (dashboard, type) => dashboard.panels.find((each) => each.type === type);

/** A change to the first override of this property in a panel of this type. */
function override(type, id, change) {
    return (dashboard) => {
        const of = dashboard.panels.filter((each) => each.type === type);
        const all = of.flatMap((each) => each.fieldConfig.overrides).flatMap((one) => one.properties);
        change(all.find((each) => each.id === id));
    };
}

// Faults planted into phone.json, and what must be found of each.
const PLANTED = {
    'a type of the dashboard': [(d) => { d.schemaVersion = '39'; }, '$.schemaVersion must be number'],
    'a word of the dashboard': [(d) => { d.graphTooltip = 3; }, '$.graphTooltip must be equal to one'],
    'a choice that is never read again': [
        (d) => { d.templating.list[1].refresh = 'always'; }, 'list[1].refresh must be',
    ],
    'an annotation without a colour': [
        (d) => { delete d.annotations.list[1].iconColor; }, "must have required property 'iconColor'",
    ],
    'a panel without a place': [
        (d) => { delete d.panels[0].gridPos; }, "$.panels[0] must have required property 'gridPos'",
    ],
    'a panel of half a place': [
        (d) => { delete d.panels[0].gridPos.w; }, "gridPos must have required property 'w'",
    ],
    'a panel that nobody has': [(d) => { d.panels[0].type = 'gague'; }, 'type gague'],
    'a type of a panel': [(d) => { d.panels[0].title = 7; }, '$.panels[0].title must be string'],
    'a query': [(d) => { d.panels[0].targets[0].expr = ['up']; }, 'targets[0].expr must be string'],
    'a format of a query': [
        (d) => { d.panels[0].targets[0].format = 'tabel'; }, 'targets[0].format must be equal to one',
    ],
    'an option of a stat': [
        (d) => { panel(d, 'stat').options.textMode = 'vlaue'; }, 'options.textMode must be equal to one',
    ],
    'an option that a stat has not': [
        (d) => { panel(d, 'stat').options.showLegend = true; }, 'additional properties: showLegend',
    ],
    'an option of a table': [
        (d) => { panel(d, 'table').options.cellHeight = 'small'; }, 'options.cellHeight must be equal',
    ],
    'an option of a timeline': [
        (d) => { panel(d, 'state-timeline').options.showValue = 'sometimes'; },
        'options.showValue must be equal to one',
    ],
    'a place of a legend': [
        (d) => { panel(d, 'timeseries').options.legend.placement = 'left'; },
        'legend.placement must be equal to one',
    ],
    'how a graph is drawn': [
        (d) => { panel(d, 'timeseries').fieldConfig.defaults.custom.drawStyle = 'dots'; },
        'custom.drawStyle must be equal to one',
    ],
    'what a field of a stat has not': [
        (d) => { panel(d, 'stat').fieldConfig.defaults.custom = { width: 90 }; },
        'defaults must NOT have additional properties: custom',
    ],
    'a colour mode': [
        (d) => { panel(d, 'stat').fieldConfig.defaults.color.mode = 'treshold'; },
        'color.mode must be equal to one',
    ],
    'a threshold': [
        (d) => { panel(d, 'stat').fieldConfig.defaults.thresholds.steps[0].value = '0'; },
        'steps[0].value must be',
    ],
    'an override of a width': [
        override('table', 'custom.width', (it) => { it.value = '90px'; }),
        'override of custom.width must be number',
    ],
    'an override of nothing': [
        override('table', 'custom.width', (it) => { it.id = 'custom.widht'; }),
        'override of custom.widht: a field has no such property',
    ],
    'an override of a cell': [
        override('table', 'custom.cellOptions', (it) => { it.value.type = 'colour'; }),
        'override of custom.cellOptions.type must be equal to',
    ],
};

function unseen(dashboard) {
    return Object.entries(PLANTED).filter(([, [plant, expected]]) => {
        const spoilt = structuredClone(dashboard);
        plant(spoilt);
        return !findings(spoilt).some((what) => what.includes(expected));
    }).map(([fault]) => `this check does not see a fault in ${fault}`);
}

const read = (name) => JSON.parse(readFileSync(new URL(name, dashboards), 'utf8'));
const names = readdirSync(dashboards).filter((name) => name.endsWith('.json'));
const wrong = [
    ...names.flatMap((name) => findings(read(name)).map((what) => `${name}: ${what}`)),
    ...unseen(read('phone.json')),
];
for (const what of wrong) {
    console.log(what);
}
const planted = Object.keys(PLANTED).length;
console.log(`${names.length} dashboards, ${planted} planted faults: ${wrong.length} findings`);
process.exitCode = wrong.length === 0 && names.length > 0 ? 0 : 1;
