import { appointmentRoutes } from './appointments/routes.ts';
import { auditRoutes } from './audit-logs/routes.ts';
import { probeRoutes } from './cluster/probes.ts';
import { clusterRoutes } from './cluster/routes.ts';
import { groupRoutes } from './groups/routes.ts';
import { liveRoutes } from './live/routes.ts';
import { notificationRoutes } from './notifications/routes.ts';
import { openApiSection } from './openapi/routes.ts';
import { postRoutes } from './posts/routes.ts';
import type { RouteSection } from './route.ts';
import type { ApiServices } from './services.ts';
import { userRoutes } from './users/routes.ts';

/** The route table. */
export function apiRoutes(services: ApiServices): readonly RouteSection[] {
  const sections: readonly RouteSection[] = [
    { name: 'appointments', routes: appointmentRoutes(services) },
    { name: 'notifications', routes: notificationRoutes(services) },
    { name: 'groups', routes: groupRoutes(services) },
    { name: 'posts', routes: postRoutes(services) },
    { name: 'users', routes: userRoutes(services) },
    { name: 'live', routes: liveRoutes(services) },
    { name: 'audit', routes: auditRoutes(services) },
    { name: 'cluster', routes: clusterRoutes(services) },
    { name: 'probes', routes: probeRoutes(services) },
  ];
  return [...sections, openApiSection(sections, services.version)];
}
