// What a dashboard of ours is in the types of Grafana's own SDK, of which check.mjs makes JSON Schema.
//
// The SDK leaves open what a panel's type decides: its options, its own properties of a field, its
// queries. Here they are put together, one interface a panel type that we use. Stricter than the SDK:
// a panel has its place and its number, and every query is one of Prometheus. Laxer in one thing:
// a link of a value is what Grafana reads of it, not a link at the head of a dashboard.

import type * as barGauge from '@grafana/grafana-foundation-sdk/bargauge';
import type * as sdk from '@grafana/grafana-foundation-sdk/dashboard';
import type * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import type * as stat from '@grafana/grafana-foundation-sdk/stat';
import type * as stateTimeline from '@grafana/grafana-foundation-sdk/statetimeline';
import type * as table from '@grafana/grafana-foundation-sdk/table';
import type * as timeSeries from '@grafana/grafana-foundation-sdk/timeseries';

type Query = Omit<prometheus.Dataquery, '_implementsDataqueryVariant'>;

/** What a field of a panel has: `custom` is what only this type of panel knows. */
interface Field<Custom> extends Omit<sdk.FieldConfig, 'custom' | 'links'> {
    links?: Pick<sdk.DashboardLink, 'title' | 'url' | 'targetBlank'>[];
    custom?: Custom;
}

interface Panel<Type extends string, Options, Custom>
    extends Omit<sdk.Panel, 'type' | 'id' | 'gridPos' | 'targets' | 'options' | 'fieldConfig'> {
    type: Type;
    id: number;
    gridPos: sdk.GridPos;
    targets: Query[];
    options: Options;
    fieldConfig: Omit<sdk.FieldConfigSource, 'defaults'> & { defaults: Field<Custom> };
}

export type StatPanel = Panel<'stat', stat.Options, never>;
export type BarGaugePanel = Panel<'bargauge', barGauge.Options, never>;
export type TablePanel = Panel<'table', table.Options, Partial<table.FieldConfig>>;
export type TimeSeriesPanel = Panel<'timeseries', timeSeries.Options, timeSeries.FieldConfig>;
export type StateTimelinePanel =
    Panel<'state-timeline', stateTimeline.Options, stateTimeline.FieldConfig>;

/** What an override of a panel may change, by type of panel. */
export type StatField = Field<never>;
export type BarGaugeField = Field<never>;
export type TableField = Field<Partial<table.FieldConfig>>;
export type TimeSeriesField = Field<timeSeries.FieldConfig>;
export type StateTimelineField = Field<stateTimeline.FieldConfig>;

/** All but the panels, which are checked by type, so that a finding says what is wrong. */
export interface Frame extends Omit<sdk.Dashboard, 'panels' | 'annotations' | 'snapshot'> {
    annotations: { list: Omit<sdk.AnnotationQuery, 'target'>[] };
}
